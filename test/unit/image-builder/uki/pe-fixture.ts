/** A PE32+ image with one section and header room for `room` sections in all: no program, but a whole file. */
export function peImage(room: number, memoryBytes = 0x2000): Buffer {
  const optionalBytes = 240;
  const table = 0x80 + 4 + 20 + optionalBytes;
  const headerBytes = Math.ceil((table + room * 40) / 0x200) * 0x200;
  const image = Buffer.alloc(headerBytes + 0x200);
  image.write('MZ', 0, 'latin1');
  image.writeUInt32LE(0x80, 0x3c);
  image.write('PE\0\0', 0x80, 'latin1');
  const coff = 0x84;
  image.writeUInt16LE(0x8664, coff);
  image.writeUInt16LE(1, coff + 2);
  image.writeUInt16LE(optionalBytes, coff + 16);
  const optional = coff + 20;
  image.writeUInt16LE(0x20b, optional);
  image.writeUInt32LE(0x1000, optional + 32);
  image.writeUInt32LE(0x200, optional + 36);
  image.writeUInt32LE(memoryBytes, optional + 56);
  image.writeUInt32LE(headerBytes, optional + 60);
  image.writeUInt32LE(0x1234, optional + 64);
  image.write('.text', table, 'latin1');
  image.writeUInt32LE(4, table + 8);
  image.writeUInt32LE(0x1000, table + 12);
  image.writeUInt32LE(0x200, table + 16);
  image.writeUInt32LE(headerBytes, table + 20);
  image.write('code', headerBytes, 'latin1');
  return image;
}
