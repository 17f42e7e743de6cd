import * as z from 'zod';
import type { Driver } from './driver.ts';
import type { ConnectRemote } from './remote.ts';

/** A flag of `machine create` that a driver's option schema asks for. */
export interface DriverFlag {
  /** Without the dashes: `qemu-accel`. */
  readonly flag: string;
  /** The key in `MachineSpec.options`. */
  readonly option: string;
  readonly description: string;
  readonly default: string | undefined;
  /** The only values it takes, where there are such. */
  readonly choices: readonly string[] | undefined;
}

/** What drivers are given when they are made. */
export interface DriverContext {
  /** A directory (made on demand, owner-only) for what a driver knows of this computer. */
  readonly stateDirectory: string;
  /** For drivers whose machines are reached by SSH before they are machines. */
  readonly connectRemote?: ConnectRemote | undefined;
}

/** One way to run machines, as the registry lists it. */
export interface DriverModule {
  readonly name: string;
  /** Validates `MachineSpec.options`: strict; every key is a string or an enum, optional or with a default. */
  readonly optionsSchema: z.ZodObject;
  create(context: DriverContext): Driver;
}

/** A schema key may ask for a flag without the driver's prefix: `z.string().meta({ flag: 'url' })`. */
const flagMeta = z.object({ flag: z.string().optional() });

/** The create flags of a driver, from its option schema: `--NAME-KEY`, in kebab case. */
export function driverFlags(module: Pick<DriverModule, 'name' | 'optionsSchema'>): DriverFlag[] {
  return Object.entries(module.optionsSchema.shape).map(([option, type]) => {
    const schema = type as z.ZodType;
    const meta = schema.meta() ?? {};
    const fallback = schema.safeParse(undefined);
    return {
      flag: flagMeta.parse(meta).flag ?? `${module.name}-${kebab(option)}`,
      option,
      description: schema.description ?? '',
      default: typeof fallback.data === 'string' ? fallback.data : undefined,
      choices: choicesOf(schema),
    };
  });
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function choicesOf(schema: z.ZodType): readonly string[] | undefined {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return choicesOf(schema.unwrap() as z.ZodType);
  return undefined;
}
