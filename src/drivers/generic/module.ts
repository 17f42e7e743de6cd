import * as z from 'zod';
import type { DriverModule } from '../module.ts';
import { createGenericDriver } from './driver.ts';

/** docker-machine's flags of its driver `generic`, and the host key to expect. */
export const genericOptions = z.strictObject({
  ipAddress: z.string().optional().describe('address or name of the Linux host, reached by SSH'),
  sshUser: z
    .string()
    .default('root')
    .describe('account to log in to: root, or one with sudo without a password'),
  sshKey: z
    .string()
    .optional()
    .describe('private key that opens it, without a passphrase (default: ~/.ssh/id_ed25519 or id_rsa)'),
  sshPort: z
    .string()
    .regex(/^\d{1,5}$/)
    .default('22')
    .describe("the SSH server's port"),
  enginePort: z
    .string()
    .default('2376')
    .describe("accepted for docker-machine's sake: the engine is reached through SSH, no port is opened"),
  sshHostKey: z
    .string()
    .optional()
    .describe(
      'the key that the host has to show: "SHA256:…" or a line of known_hosts; otherwise the first is pinned',
    ),
});

export const genericModule: DriverModule = {
  name: 'generic',
  optionsSchema: genericOptions,
  create: (context) => createGenericDriver(context),
};
