import { writeFileDurably } from '../platform/atomic-file.ts';
import { dropbearPrivateKey, generateEd25519, openSshPrivateKey, publicKeyLine } from '../ssh/keys.ts';
import { knownHostsLine, knownHostsText } from '../ssh/known-hosts.ts';
import type { MachineFiles } from './store/filenames.ts';

/**
 * For a host that isn't made: the key that opens it already, and the key that it shows. A server's key is made all the
 * same: the config disk of every machine holds one.
 */
export async function takeKeys(
  files: MachineFiles,
  access: { readonly privateKey: string; readonly hostKey: Uint8Array },
): Promise<void> {
  const { publicKeyOf } = await import('../ssh/public-key.ts');
  await writeFileDurably(files.clientKey, access.privateKey);
  await writeFileDurably(files.clientPublicKey, `${publicKeyOf(access.privateKey)}\n`);
  await writeFileDurably(files.hostKey, dropbearPrivateKey(generateEd25519()));
  await writeFileDurably(files.knownHosts, knownHostsLine(files.name, access.hostKey));
}

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
