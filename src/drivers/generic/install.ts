import { readFile } from 'node:fs/promises';
import { WherryError } from '../../core/errors.ts';
import { ustarArchive } from '../../core/tar/ustar.ts';
import { readinessLine, type ReadinessLine } from '../../protocol/boot/readiness.ts';
import type { MachineSpec } from '../driver.ts';
import type { RemoteHost } from '../remote.ts';
import { hostFile, mustRunScript, runScript } from './scripts.ts';
import { sha256Of } from './upload.ts';

/**
 * Puts the service onto the host, with the machine's config; the image is there already. What an earlier version has put
 * there is replaced.
 *
 * @throws WherryError HOST_SCRIPT_FAILED
 */
export async function installService(
  remote: RemoteHost,
  spec: MachineSpec,
  user: string,
  signal: AbortSignal,
): Promise<void> {
  const uid = (await remote.run('id -u')).stdout.trim();
  const archive = ustarArchive([
    { name: 'service', content: await hostFile('service.sh'), mode: 0o755 },
    { name: 'wherry-engine.service', content: await hostFile('wherry-engine.service') },
    { name: 'config.tar', content: await readFile(spec.configDisk), mode: 0o600 },
  ]);
  const words = [await sha256Of(spec.image.systemDisk, signal), /^\d+$/.test(uid) ? uid : '0'];
  await mustRunScript(remote, 'install', words, { user, input: archive });
}

/**
 * (Re)starts the service, and resolves when its engine answers.
 *
 * @throws WherryError ENGINE_START_FAILED with the last lines of the service's journal
 */
export async function startService(
  remote: RemoteHost,
  spec: MachineSpec,
  { user, timeoutMs, onLine }: { user: string; timeoutMs: number; onLine: (line: ReadinessLine) => void },
): Promise<void> {
  let failure: string | undefined;
  const { status, stderr } = await runScript(remote, 'start', [String(Math.ceil(timeoutMs / 1000))], {
    user,
    onLine: (text) => {
      const line = readinessLine.parse(JSON.parse(text));
      if (line.event === 'failed') failure = line.message;
      onLine(line);
    },
  });
  if (status === 0) return;
  const reason =
    failure ??
    (status === undefined
      ? 'the connection to the host was lost'
      : status === 124
        ? `it did not answer within ${Math.round(timeoutMs / 1000)} s`
        : 'its service failed');
  const journal = stderr.trim();
  throw new WherryError({
    code: 'ENGINE_START_FAILED',
    message: `the engine of "${spec.name}" did not start: ${reason}${journal === '' ? '' : `\n${journal}`}`,
    hint: `More of it:  wherry machine ssh ${spec.name} journalctl -u wherry-engine`,
  });
}
