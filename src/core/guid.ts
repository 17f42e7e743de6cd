/**
 * A GUID's sixteen bytes as Microsoft's formats and UEFI's store them: the first three fields little-endian
 * ([MS-DTYP] 2.3.4.2; UEFI specification, appendix A).
 */
export function guidBytes(text: string): Buffer {
  const hex = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new RangeError(`"${text}" is not a GUID`);
  const bytes = Buffer.from(hex, 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** A GUID made of a digest (16 bytes or more): version 8, "custom" (RFC 9562, 5.8). The same digest gives the same one. */
export function guidFromDigest(digest: Uint8Array): Buffer {
  const bytes = Buffer.from(digest.subarray(0, 16));
  // In the stored order the version stands in the high half of byte 7, the variant in byte 8.
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
