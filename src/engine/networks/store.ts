import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { removeUnfinished, writeDurably } from '../store/durable.ts';
import { hasCode } from '../sys/errno.ts';

/** `fd00:1::/64` and so on. */
const ipv6 = z.object({
  subnet: z.string(),
  gateway: z.string(),
  automatic: z.literal(true).optional(),
  ipRange: z.string().optional(),
  auxAddresses: z.record(z.string(), z.string()).optional(),
});

const bridge = z.object({
  driver: z.literal('bridge'),
  id: z.string(),
  name: z.string(),
  created: z.string(),
  /** `172.17.0.0/16` */
  subnet: z.string(),
  gateway: z.string(),
  interfaceName: z.string(),
  labels: z.record(z.string(), z.string()),
  // What engines before these options didn't write: absent is the default.
  internal: z.literal(true).optional(),
  attachable: z.literal(true).optional(),
  /** The engine chose the subnet: users can't choose addresses in it. */
  automatic: z.literal(true).optional(),
  ipRange: z.string().optional(),
  auxAddresses: z.record(z.string(), z.string()).optional(),
  /** Of the driver, as given; see bridge-options.ts. */
  options: z.record(z.string(), z.string()).optional(),
  ipv6: ipv6.optional(),
});

const special = z.object({
  driver: z.enum(['host', 'null']),
  id: z.string(),
  name: z.enum(['host', 'none']),
  created: z.string(),
});

/** A network as it is stored; a lifecycle of its own has only the bridge. */
export const networkRecord = z.discriminatedUnion('driver', [bridge, special]);
export type NetworkRecord = z.infer<typeof networkRecord>;
export type BridgeRecord = z.infer<typeof bridge>;

const file = z.object({ version: z.literal(1), networks: z.array(networkRecord) });

export const newId = (): string => randomBytes(32).toString('hex');

/** What every engine has from the start. Docker's addresses; the interface has a name of ours. */
function predefined(): NetworkRecord[] {
  const created = new Date().toISOString();
  return [
    {
      driver: 'bridge',
      id: newId(),
      name: 'bridge',
      created,
      subnet: '172.17.0.0/16',
      gateway: '172.17.0.1',
      interfaceName: 'wherry0',
      labels: {},
    },
    { driver: 'host', id: newId(), name: 'host', created },
    { driver: 'null', id: newId(), name: 'none', created },
  ];
}

/** `dataDir/networks.json`. */
export class NetworkStore {
  readonly #path: string;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'networks.json');
  }

  /** The stored networks; the predefined ones are made at the first start. @throws Error for a damaged file */
  async load(): Promise<NetworkRecord[]> {
    removeUnfinished(this.#path);
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      const networks = predefined();
      await this.save(networks);
      return networks;
    }
    try {
      return file.parse(JSON.parse(text)).networks;
    } catch (error) {
      throw new Error(`${this.#path} is damaged`, { cause: error });
    }
  }

  async save(networks: readonly NetworkRecord[]): Promise<void> {
    await writeDurably(this.#path, `${JSON.stringify({ version: 1, networks }, undefined, 1)}\n`);
  }
}
