import { LxError } from '#lib/contract';

/** `whiteout`: the character device 0:0, which is no device: overlayfs marks with it what is gone, and anybody may make it. */
export type TarType = 'file' | 'link' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo' | 'whiteout';

/** A member of a tarball. Texts hold one byte in a character (latin1): two names are the same when their bytes are. */
export interface TarMember {
  name: string;
  /** The other name that a reader which does not know sparse files gives it. */
  otherName: string | null;
  type: TarType;
  linkname: string;
  /** Bytes of content in the archive. */
  size: number;
  /** Reads the content, once, before the next member is asked for. */
  content(): Promise<Buffer>;
}

const block = 512;
/** Extended headers hold names and attributes; GNU tar itself has no use for more. Bytes. */
const extensionLimit = 1024 * 1024;

const types: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

/** Extended headers before a member, as they change it. */
interface Extensions {
  longName?: string;
  longLink?: string;
  pax?: Map<string, string>;
}

/**
 * The members of a tarball in their order, for checking what GNU tar will unpack. It reads less than GNU tar does, never
 * something else: what two readers could take differently is refused (LxError 'image.invalid'). So are
 *   - contents of links, devices and directories: some readers skip them, others take them for headers;
 *   - global extended headers with anything but a comment;
 *   - a name that is said twice, in two ways;
 *   - a damaged header: GNU tar would look for the next good one.
 */
export async function* tarMembers(source: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const bytes = new Bytes(source);
  let extensions: Extensions = {};
  for (;;) {
    const header = await bytes.take(block);
    // GNU tar stops at the first one, too.
    if (isZero(header)) break;
    checkSum(header);
    const flag = header.toString('latin1', 156, 157);
    if (await readExtension(flag, header, bytes, extensions)) continue;
    const member = memberOf(flag, header, extensions);
    extensions = {};
    let rest = padded(member.size);
    yield {
      ...member,
      content: async () => {
        const content = await bytes.take(member.size);
        rest -= member.size;
        return content;
      },
    };
    await bytes.skip(rest);
  }
  if (Object.keys(extensions).length > 0) throw refuse('an extended header is followed by no member');
  await bytes.drain();
}

async function readExtension(flag: string, header: Buffer, bytes: Bytes, extensions: Extensions): Promise<boolean> {
  if (!'LKxg'.includes(flag)) return false;
  const size = sizeOf(header);
  if (size > extensionLimit) throw refuse(`an extended header has more than ${extensionLimit} bytes`);
  const content = await bytes.take(size);
  await bytes.skip(padded(size) - size);
  if (flag === 'g') {
    for (const key of paxRecords(content).keys()) if (key !== 'comment') throw refuse(`a global header sets ${JSON.stringify(key)}`);
  } else if (flag === 'L') extensions.longName = once(extensions.longName, text(content, 0, size));
  else if (flag === 'K') extensions.longLink = once(extensions.longLink, text(content, 0, size));
  else extensions.pax = once(extensions.pax, paxRecords(content));
  return true;
}

function memberOf(flag: string, header: Buffer, extensions: Extensions): Omit<TarMember, 'content'> {
  const { pax = new Map<string, string>() } = extensions;
  const { name, linkname } = namesOf(header, extensions);
  const said = Object.hasOwn(types, flag) ? types[flag] : undefined;
  if (said === undefined) throw new LxError('image.invalid', { reason: `the member ${shown(name)} is of a kind that images do not hold` });
  // The name of a directory ends with a slash in archives of old, whatever the flag.
  const kind = said === 'file' && name.endsWith('/') ? 'directory' : said;
  const type = kind === 'character-device' && isNoDevice(header) ? 'whiteout' : kind;
  const sparseName = pax.get('GNU.sparse.name');
  const size = paxSize(pax) ?? sizeOf(header);
  if (type !== 'file' && sparseName !== undefined) throw refuse(`the member ${shown(name)} is sparse, and no file`);
  if (type !== 'file' && size !== 0) throw refuse(`the member ${shown(name)} has a content, and is no file`);
  if (sparseName === undefined) return { name, otherName: null, type, linkname, size };
  return { name: sparseName, otherName: name, type, linkname, size };
}

function namesOf(header: Buffer, { longName, longLink, pax }: Extensions): { name: string; linkname: string } {
  return {
    name: once(longName, pax?.get('path')) ?? shortName(header),
    linkname: once(longLink, pax?.get('linkpath')) ?? text(header, 157, 257),
  };
}

function paxSize(pax: ReadonlyMap<string, string>): number | null {
  const value = pax.get('size');
  if (value === undefined) return null;
  if (pax.has('GNU.sparse.name') || !/^\d{1,15}$/.test(value)) throw refuse('a size in an extended header is not one');
  return Number(value);
}

/** name, after prefix where the archive is of POSIX's format; GNU's has other things there. */
function shortName(header: Buffer): string {
  const name = text(header, 0, 100);
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 500) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of a pax header: "<length> <key>=<value>\n" (pax(1)). Names with a NUL or without a letter are refused. */
export function paxRecords(content: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const head = /^(\d{1,7}) ([^=\n]+)=/.exec(content.toString('latin1', at, at + 300));
    const end = at + Number(head?.[1]);
    if (!head || !(end > at + head[0].length) || end > content.length || content[end - 1] !== 0x0a)
      throw refuse('an extended header is malformed');
    const key = head[2] ?? '';
    const value = content.toString('latin1', at + head[0].length, end - 1);
    if (/^(path|linkpath|size|GNU\.sparse\.name)$/.test(key)) {
      if (found.has(key)) throw refuse(`an extended header says ${key} twice`);
      if (value === '' || value.includes('\0')) throw refuse(`an extended header has no good ${key}`);
    }
    found.set(key, value);
    at = end;
  }
  return found;
}

/** Octal digits, or a binary number where the first bit is set. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  let size: number;
  if (((field[0] ?? 0) & 0x80) !== 0) {
    if (field[0] !== 0x80 || field.readUInt32BE(0) !== 0x80000000) throw refuse('a size is out of range');
    size = Number(field.readBigUInt64BE(4));
  } else {
    const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
    if (digits === undefined) throw refuse('a size is no number');
    size = digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  if (!Number.isSafeInteger(size)) throw refuse('a size is out of range');
  return size;
}

/** Both numbers are zero, in plain digits. */
function isNoDevice(header: Buffer): boolean {
  return /^[0 \0]*$/.test(header.toString('latin1', 329, 345));
}

function checkSum(header: Buffer): void {
  const wanted = /^[ \0]*([0-7]+)[ \0]*$/.exec(header.toString('latin1', 148, 156))?.[1];
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < block; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0);
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const sum = wanted === undefined ? null : Number.parseInt(wanted, 8);
  if (sum !== unsigned && sum !== signed) throw new Error('a header is damaged');
}

function once<T>(known: T | undefined, next: T | undefined): T | undefined;
function once<T>(known: T | undefined, next: T): T;
function once<T>(known: T | undefined, next: T | undefined): T | undefined {
  if (known !== undefined && next !== undefined) throw refuse('a name is said twice');
  return known ?? next;
}

function text(bytes: Buffer, from: number, to: number): string {
  const end = bytes.subarray(from, to).indexOf(0);
  return bytes.toString('latin1', from, end === -1 ? to : from + end);
}

const padded = (size: number) => Math.ceil(size / block) * block;

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** A name of one byte a character, for people. */
export function shown(name: string): string {
  const readable = Buffer.from(name, 'latin1').toString('utf8');
  return JSON.stringify(readable.length > 200 ? `${readable.slice(0, 200)}...` : readable);
}

function refuse(what: string): LxError {
  return new LxError('image.invalid', { reason: `${what}, which tar readers take in different ways` });
}

/** A stream of bytes, by the length. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; ; ) {
      const part = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(part.length);
      missing -= part.length;
      if (missing === 0 && parts.length === 0) return part;
      parts.push(part);
      if (missing === 0) return Buffer.concat(parts);
      await this.#more();
    }
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; ; ) {
      const part = Math.min(missing, this.#held.length);
      this.#held = this.#held.subarray(part);
      missing -= part;
      if (missing === 0) return;
      await this.#more();
    }
  }

  /** Reads to the end: what decompresses the rest must tell that it is damaged. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Error('the end of the archive is missing');
    this.#held = value;
  }
}
