import type { Arch } from '../core/arch.ts';
import { messageOf, WherryError } from '../core/errors.ts';
import type { BootImage, Driver, Prepared } from '../drivers/driver.ts';
import { DEFAULT_DRIVER } from '../drivers/registry.ts';
import type { MachineContext, Reporter } from './context.ts';
import { defaultSize } from './defaults.ts';
import { offerDockerContext } from './docker-context.ts';
import { checkEngineSettings } from './engine-settings.ts';
import { withImage } from './image-claim.ts';
import { specOf } from './lifecycle.ts';
import { takeKeys, writeMachineKeys } from './machine-keys.ts';
import { checkComputer, preflightError, reportFindings } from './preflight.ts';
import { startHeld } from './start.ts';
import { CONFIG_VERSION, type EngineSettings, type MachineConfig } from './store/machine-config.ts';
import { isMachineName, machineExists } from './store/machine-store.ts';

/** What `machine create` was asked for; what is left out has a default. */
export interface CreateRequest {
  readonly name: string;
  readonly driver?: string | undefined;
  readonly arch?: Arch | undefined;
  readonly cpus?: number | undefined;
  readonly memoryMiB?: number | undefined;
  readonly diskGiB?: number | undefined;
  /** Checked by the driver's own schema. */
  readonly driverOptions?: Readonly<Record<string, unknown>> | undefined;
  readonly engine?: Partial<EngineSettings> | undefined;
  /** False makes the machine without starting it. */
  readonly start?: boolean | undefined;
}

/**
 * Makes a machine and starts it. Until its last step nothing of it is seen by other commands, and a crash leaves
 * nothing. Errors: `INVALID_NAME`, `MACHINE_EXISTS`, `LOCKED`, `DRIVER_NOT_FOUND`, `PRECREATE_FAILED` (exit 3).
 */
export async function createMachine(
  context: MachineContext,
  request: CreateRequest,
  report: Reporter,
  signal: AbortSignal,
): Promise<MachineConfig> {
  requireValidName(request.name);
  if (await context.store.exists(request.name)) throw machineExists(request.name);
  return await context.store.withLock(request.name, { verb: 'create', signal }, () =>
    createHeld(context, request, report, signal),
  );
}

/** {@link createMachine} for whoever holds the machine's lock. */
export async function createHeld(
  context: MachineContext,
  request: CreateRequest,
  report: Reporter,
  signal: AbortSignal,
): Promise<MachineConfig> {
  requireValidName(request.name);
  if (await context.store.exists(request.name)) throw machineExists(request.name);
  const draft = await draftConfig(context, request);
  const driver = await context.drivers.driver(draft.driver);
  await checkComputer(driver, draft.arch, report);
  const prepared = await prepare(driver, draft, request.arch, report, signal);
  const arch = prepared?.arch ?? draft.arch;
  const image = driver.capabilities.composedImage
    ? await context.images.ensure(arch, signal, driver.capabilities)
    : undefined;
  const driverOptions = { ...(prepared?.options ?? draft.driverOptions) };
  const config = { ...draft, arch, driverOptions, imageId: image?.id ?? 'none' };
  await report.step(`Create "${config.name}"`, async () => {
    await withImage(context, config.name, image, () =>
      writeMachine(context, driver, config, image, prepared),
    );
    if (prepared !== undefined) return { value: undefined, summary: 'SSH key, host key pinned' };
    const summary = driver.capabilities.lifecycle ? `${config.diskGiB} GiB data disk, SSH keys` : '';
    return { value: undefined, summary };
  });
  await offerDockerContext(context, config.name, (text) => report.note(text));
  if (request.start !== false && driver.capabilities.lifecycle) {
    await startHeld(context, config.name, report, signal);
  }
  return config;
}

/** A computer that is there before its machine is looked at before anything is made. Error: `PRECREATE_FAILED`. */
async function prepare(
  driver: Driver,
  draft: MachineConfig,
  arch: Arch | undefined,
  report: Reporter,
  signal: AbortSignal,
): Promise<Prepared | undefined> {
  const look = driver.prepare?.bind(driver);
  if (look === undefined) return undefined;
  const prepared = await report.step('Check the host', async () => {
    const found = await look({ name: draft.name, arch, options: draft.driverOptions }, signal);
    return { value: found, summary: reportFindings(found.findings) };
  });
  for (const { level, message } of prepared.findings) if (level === 'note') report.note(message);
  if (arch === undefined || arch === prepared.arch) return prepared;
  throw preflightError({
    level: 'error',
    subject: 'Host',
    message: `the host is ${prepared.arch}, not ${arch}`,
  });
}

async function writeMachine(
  context: MachineContext,
  driver: Driver,
  config: MachineConfig,
  image: BootImage | undefined,
  prepared: Prepared | undefined,
): Promise<void> {
  await context.store.create(config, async (files) => {
    if (prepared === undefined) await writeMachineKeys(files);
    else await takeKeys(files, prepared.access);
    await driver.create(specOf({ files, config }, image));
  });
}

async function draftConfig(context: MachineContext, request: CreateRequest): Promise<MachineConfig> {
  const module = await context.drivers.module(request.driver ?? DEFAULT_DRIVER);
  const options = module.optionsSchema.safeParse(request.driverOptions ?? {});
  if (!options.success) {
    const issue = options.error.issues[0];
    throw new WherryError({
      code: 'INVALID_OPTION',
      message: `Invalid option of driver "${module.name}": ${issue?.path.join('.') ?? ''} ${issue?.message ?? messageOf(options.error)}`,
    });
  }
  const size = defaultSize(context.host);
  const engine = { insecureRegistries: [], registryMirrors: [], labels: [], ...request.engine };
  checkEngineSettings(engine);
  return {
    configVersion: CONFIG_VERSION,
    name: request.name,
    driver: module.name,
    arch: request.arch ?? context.host.arch,
    cpus: requirePositive('cpus', request.cpus ?? size.cpus),
    memoryMiB: requirePositive('memory', request.memoryMiB ?? size.memoryMiB),
    diskGiB: requirePositive('disk', request.diskGiB ?? size.diskGiB),
    imageId: '',
    driverOptions: options.data,
    engine,
    createdAt: new Date(context.clock.now()).toISOString(),
  };
}

/** @throws WherryError INVALID_OPTION */
export function requirePositive(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new WherryError({
    code: 'INVALID_OPTION',
    message: `--${what} must be a whole number above 0, not ${value}`,
  });
}

/** @throws WherryError INVALID_NAME in docker-machine's words */
export function requireValidName(name: string): void {
  if (isMachineName(name)) return;
  throw new WherryError({
    bare: true,
    code: 'INVALID_NAME',
    message: 'Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -',
  });
}
