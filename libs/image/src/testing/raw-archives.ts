import { goodMetadata } from '../../../archive/src/testing/samples.ts';

// Archives byte by byte, for the specs of this library.

export interface Raw {
  name: string;
  type: string;
  linkname?: string;
  /** Said in the header; the content's length unless given. */
  size?: number;
  content?: string | Buffer;
  device?: [major: number, minor: number];
  mode?: number;
  magic?: string;
}

/** A member byte by byte, as no writer of archives would write it. */
export function raw({ name, type, linkname = '', content = '', size, device = [0, 0], mode = 0o644, magic = 'ustar\x0000' }: Raw): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  const octal = (value: number, at: number, length: number) => header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? body.length, 124, 12);
  octal(1_700_000_000, 136, 12);
  header.write(type, 156, 'latin1');
  header.write(linkname, 157, 'latin1');
  header.write(magic, 257, 'latin1');
  octal(device[0], 329, 8);
  octal(device[1], 337, 8);
  header.write('        ', 148, 'latin1');
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  const rest = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([header, body, rest]);
}

export function pax(type: 'x' | 'g', values: Record<string, string>): Buffer {
  const lines = Object.entries(values).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const bytes = Buffer.byteLength(rest);
    const length = [1, 2, 3].map((digits) => bytes + digits).find((total) => String(total).length === total - bytes);
    return `${length}${rest}`;
  });
  return raw({ name: 'pax', type, content: lines.join('') });
}

/** Members that every image has. */
export const start = [
  raw({ name: 'metadata.yaml', type: '0', content: goodMetadata }),
  raw({ name: 'rootfs/', type: '5', mode: 0o755 }),
  raw({ name: 'rootfs/etc/', type: '5', mode: 0o755 }),
  raw({ name: 'rootfs/dev/', type: '5', mode: 0o755 }),
];
export const end = Buffer.alloc(1024);
/** zero(4). */
export const zero = { type: '3', device: [1, 5] as [number, number], mode: 0o666 };
/** Before a member: its name, as GNU tar gives a long one. */
export const long = raw({ name: '././@LongLink', type: 'L', content: 'rootfs/etc/long\0', magic: 'ustar  \0' });
