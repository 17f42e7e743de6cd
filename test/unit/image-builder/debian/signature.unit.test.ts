import { expect } from 'chai';
import { createCleartextMessage, generateKey, sign } from 'openpgp';
import { verifyCleartext } from '../../../../src/image-builder/debian/signature.ts';

const NOW = new Date('2026-11-21T00:00:00Z');

describe('cleartext signatures', () => {
  it('never hand out other text than was signed, whichever byte of the document is changed', async () => {
    const date = new Date('2026-11-20T00:00:00Z');
    const { privateKey, publicKey } = await generateKey({
      userIDs: [{ name: 'Test' }],
      type: 'ecc',
      curve: 'ed25519Legacy',
      date,
      format: 'object',
    });
    const trusted = { name: 'test', fingerprint: publicKey.getFingerprint(), armored: publicKey.armor() };
    const signed = 'Suite: a\nDate: b\n- dash\n';
    const message = await createCleartextMessage({ text: signed });
    const document = await sign({ message, signingKeys: privateKey, date });
    const read = async (text: string): Promise<string> =>
      (await verifyCleartext(text, [trusted], NOW, 'x')).text;
    expect(await read(document)).to.equal(signed);

    const bodyEnd = document.indexOf('-----BEGIN PGP SIGNATURE');
    for (let offset = 0; offset < document.length - 1; offset += 1) {
      const flipped = String.fromCharCode(document.charCodeAt(offset) ^ 1);
      const outcome = await read(document.slice(0, offset) + flipped + document.slice(offset + 1)).catch(
        () => 'refused',
      );
      if (offset < bodyEnd - 2) expect(outcome, `byte ${offset}`).to.equal('refused');
      else expect(outcome, `byte ${offset}`).to.be.oneOf(['refused', signed]);
    }
  });
});
