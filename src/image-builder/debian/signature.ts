import { readCleartextMessage, readKey, verify } from 'openpgp';
import type { PublicKey } from 'openpgp';
import { messageOf, WherryError } from '../../core/errors.ts';

/** A pinned key: an armored OpenPGP public key and the fingerprint that it must have (lower-case hex). */
export interface TrustedKey {
  name: string;
  fingerprint: string;
  armored: string;
}

/** How far this computer's clock may be behind the signer's: one hour, in milliseconds. */
export const CLOCK_TOLERANCE_MS = 3_600_000;

const OPENING = '-----BEGIN PGP SIGNED MESSAGE-----';
const CLOSING = '-----END PGP SIGNATURE-----';
/** The armored signatures at the document's end (RFC 9580 §6.2). */
const SIGNATURES =
  /\n-----BEGIN PGP SIGNATURE-----\n(?:[A-Z][\w-]*: [^\n]*\n)*\n(?:[A-Za-z0-9+/=]+\n)+-----END PGP SIGNATURE-----$/;

/**
 * Verifies an OpenPGP cleartext-signed document (RFC 9580 §7) and returns exactly the text that was
 * signed. At least one signature must be valid and made by a pinned key (or its signing subkey) as of
 * `now`; others may be by unknown keys, since Debian signs with the keys of two releases. Anything
 * outside the signed frame is refused: parsers elsewhere have been led astray by it.
 */
export async function verifyCleartext(
  document: string,
  keys: readonly TrustedKey[],
  now: Date,
  name: string,
): Promise<{ text: string; signer: string }> {
  const text = document.replaceAll('\r\n', '\n').trimEnd();
  const isOneFrame =
    text.startsWith(`${OPENING}\n`) &&
    SIGNATURES.test(text) &&
    text.indexOf(CLOSING) === text.length - CLOSING.length &&
    !text.includes(`\n${OPENING}`);
  if (!isOneFrame) throw refused(name, 'it is not a single OpenPGP signed message');

  const verificationKeys = await Promise.all(keys.map(loadPinned));
  const failures: string[] = [];
  try {
    const message = await readCleartextMessage({ cleartextMessage: text });
    const result = await verify({
      message,
      verificationKeys,
      date: new Date(now.getTime() + CLOCK_TOLERANCE_MS),
      format: 'utf8',
    });
    for (const signature of result.signatures) {
      try {
        await signature.verified;
        return { text: result.data, signer: signature.keyID.toHex() };
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
  } catch (error) {
    throw refused(name, messageOf(error), error);
  }
  throw refused(name, failures.length === 0 ? 'it carries no signature' : failures.join('; '));
}

async function loadPinned(key: TrustedKey): Promise<PublicKey> {
  const loaded = await readKey({ armoredKey: key.armored });
  if (loaded.getFingerprint() !== key.fingerprint) {
    throw new WherryError({
      code: 'KEY_NOT_PINNED',
      message: `The key file ${key.name} holds ${loaded.getFingerprint()}, not the pinned ${key.fingerprint}`,
    });
  }
  return loaded;
}

function refused(name: string, why: string, cause?: unknown): WherryError {
  return new WherryError({
    code: 'SIGNATURE_INVALID',
    message: `${name} is not signed by a key that Wherry trusts: ${why}; nothing was kept`,
    hint: 'The mirror is broken, somebody changed the file on its way, or this Wherry is older than the keys.',
    ...(cause === undefined ? {} : { cause }),
  });
}
