import { access, constants, statfs } from 'node:fs/promises';
import { messageOf, systemErrorCode } from '../core/errors.ts';
import { humanSize } from '../core/units.ts';
import type { PreflightFinding } from '../drivers/driver.ts';
import type { MachineContext } from './context.ts';
import { machineLeftovers } from './leftovers.ts';
import { listMachines } from './ls.ts';
import { foreignDockerHostNote } from './resolve-machine-name.ts';

/** A composed image, and what a few container images take. */
const LITTLE_SPACE = 4 * 2 ** 30;

/**
 * `doctor`'s look at what is Wherry's own: its home, the machines in it, what crashes have left, and a DOCKER_HOST that
 * leads elsewhere. Only a home that can't be written to is an error: all else leaves machines to run.
 */
export async function checkHome(context: MachineContext): Promise<PreflightFinding[]> {
  return [...(await homeFindings(context.store.home)), ...(await machineFindings(context))];
}

async function homeFindings(home: string): Promise<PreflightFinding[]> {
  const subject = 'Home';
  try {
    await access(home, constants.W_OK);
    const { bavail, bsize } = await statfs(home);
    const free = bavail * bsize;
    const message = `${home}, ${humanSize(free, 3)} free`;
    if (free >= LITTLE_SPACE) return [{ level: 'ok', subject, message }];
    return [{ level: 'note', subject, message: `${message}: that is little for images and machines` }];
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      return [{ level: 'ok', subject, message: `${home} will be made by the first machine` }];
    }
    return [{ level: 'error', subject, message: `${home} can't be used: ${messageOf(error)}` }];
  }
}

async function machineFindings(context: MachineContext): Promise<PreflightFinding[]> {
  const rows = await listMachines(context, { timeoutMs: 5000 });
  const found: PreflightFinding[] = [];
  for (const { name, state, error } of rows) {
    if (state !== 'Error' && state !== 'Timeout' && error === '') continue;
    const why = error === '' ? 'it does not answer' : error;
    found.push({
      level: 'note',
      subject: `Machine "${name}"`,
      message: `${state}: ${why}. See:  wherry machine logs ${name}`,
    });
  }
  if (rows.length > 0 && found.length === 0) {
    const running = rows.filter(({ state }) => state === 'Running').length;
    found.push({ level: 'ok', subject: 'Machines', message: `${rows.length}, ${running} of them running` });
  }
  const left = await machineLeftovers(context);
  if (left.length > 0) {
    const message = `${left.length} left by interrupted commands. Remove them with:  wherry machine prune`;
    found.push({ level: 'note', subject: 'Leftovers', message });
  }
  const { env } = context.paths;
  const foreign = foreignDockerHostNote(
    env,
    rows.map(({ url }) => url),
    'default',
  );
  if (foreign !== undefined) {
    const message = `DOCKER_HOST=${env['DOCKER_HOST'] ?? ''} is none of these machines: docker goes there, wherry doesn't`;
    found.push({ level: 'note', subject: 'Docker', message });
  }
  return found;
}
