export const block = 512;

export interface TarEntry {
  name: string;
  type: 'file' | 'directory';
  /** Bytes. */
  size: number;
  /** Seconds. */
  time: number;
  /** Without it everybody may read. */
  mode?: number;
}

/** The header of a member that the server itself writes (POSIX.1-2001, pax): root's, and readable. A long name has a header of its own before it. */
export function tarHeader({ name, type, size, time, mode = type === 'file' ? 0o644 : 0o755 }: TarEntry): Buffer {
  const plain = ustar({ name: short(name), flag: type === 'file' ? '0' : '5', mode, size, time });
  if (short(name) === name) return plain;
  const records = paxRecord('path', name);
  return Buffer.concat([ustar({ name: 'pax', flag: 'x', mode: 0o644, size: records.length, time }), padded(records), plain]);
}

/** With zeros to the end of its last block. */
export function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
}

/** Bytes of a content to the end of its last block. */
export function paddedSize(size: number): number {
  return Math.ceil(size / block) * block;
}

export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** What ends an archive. */
export const endOfArchive = Buffer.alloc(2 * block);

function ustar({ name, flag, mode, size, time }: { name: string; flag: string; mode: number; size: number; time: number }): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number) => header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  header.write(name, 0, 'latin1');
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(time, 136, 11);
  // The sum is taken with spaces in its own place.
  header.write(`        ${flag}`, 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** A name that fits into a header as it is; else a part of it, for readers of old. */
function short(name: string): string {
  return Buffer.from(name)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, '_')
    .slice(0, 99);
}

/** "<length> <key>=<value>\n", where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
