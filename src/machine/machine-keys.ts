import { writeFileDurably } from '../platform/atomic-file.ts';
import { dropbearPrivateKey, generateEd25519, openSshPrivateKey, publicKeyLine } from '../ssh/keys.ts';
import { knownHostsText } from '../ssh/known-hosts.ts';
import type { MachineFiles } from './store/filenames.ts';

/** Makes both key pairs of a new machine on the host: no first connection has to be trusted. */
export async function writeMachineKeys(files: MachineFiles): Promise<void> {
  const client = generateEd25519();
  const host = generateEd25519();
  const comment = `wherry-${files.name}`;
  await writeFileDurably(files.clientKey, openSshPrivateKey(client, comment));
  await writeFileDurably(files.clientPublicKey, `${publicKeyLine(client, comment)}\n`);
  await writeFileDurably(files.hostKey, dropbearPrivateKey(host));
  await writeFileDurably(files.knownHosts, knownHostsText(files.name, host));
}
