import type { Arch } from '../core/arch.ts';
import { messageOf, WherryError } from '../core/errors.ts';
import type { BootImage, Driver } from '../drivers/driver.ts';
import { DEFAULT_DRIVER } from '../drivers/registry.ts';
import type { MachineContext, Reporter } from './context.ts';
import { defaultSize } from './defaults.ts';
import { offerDockerContext } from './docker-context.ts';
import { checkEngineSettings } from './engine-settings.ts';
import { specOf } from './lifecycle.ts';
import { writeMachineKeys } from './machine-keys.ts';
import { checkComputer } from './preflight.ts';
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
  const image = driver.capabilities.composedImage
    ? await context.images.ensure(draft.arch, signal, driver.capabilities)
    : undefined;
  const config = { ...draft, imageId: image?.id ?? 'none' };
  await report.step(`Create "${config.name}"`, async () => {
    await writeMachine(context, driver, config, image);
    const summary = driver.capabilities.lifecycle ? `${config.diskGiB} GiB data disk, SSH keys` : '';
    return { value: undefined, summary };
  });
  await offerDockerContext(context, config.name, (text) => report.note(text));
  if (request.start !== false && driver.capabilities.lifecycle) {
    await startHeld(context, config.name, report, signal);
  }
  return config;
}

async function writeMachine(
  context: MachineContext,
  driver: Driver,
  config: MachineConfig,
  image: BootImage | undefined,
): Promise<void> {
  await context.store.create(config, async (files) => {
    await writeMachineKeys(files);
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
