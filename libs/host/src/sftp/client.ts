import type { Duplex } from 'node:stream';
import { Deferred } from '#lib/base';
import { type AttributeChange, type FileAttributes, openFlag, packet, PacketReader, PacketWriter, SftpError } from './packets.ts';

/** Bytes of one READ or WRITE. */
const chunkSize = 128 * 1024;
/** The longest content of a `put`, in bytes. */
export const putSize = 128 * 1024;
const putExtension = 'put@lxctl';
/** So many are under way at once. */
const window = 4;
/** The longest answer that the server gives. */
const longest = 256 * 1024 + 1024;

export type FileHandle = Buffer;

export interface SftpOptions {
  /** How long the server may take for one answer, in milliseconds. */
  deadline: number;
  /** Called once, when it took longer: it will not be asked again. */
  stuck: () => void;
}

/**
 * Asks a file server (native/src/files), which answers in the order in which it was asked. A file system that the guest serves
 * may answer never, so each answer has a deadline; then all that waits fails with ETIMEDOUT.
 */
export class SftpClient {
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #options: SftpOptions;
  readonly #waiting: Deferred<PacketReader>[] = [];
  readonly #end = new Deferred<void>();
  #parts: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #extensions = new Set<string>();
  #over: Error | null = null;
  #id = 0;

  constructor(stream: Duplex, options: SftpOptions) {
    this.#stream = stream;
    this.#options = options;
    this.closed = this.#end.promise;
    stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    stream.on('error', () => stream.destroy());
    stream.on('close', () => this.#fail(new SftpError('ECONNRESET', 'the file server is gone')));
  }

  get open(): boolean {
    return this.#over === null;
  }

  async greet(): Promise<void> {
    const answer = await this.#send(new PacketWriter(packet.init).u32(3).done());
    if (answer.u8() !== packet.version) throw new SftpError('EPROTO', 'the file server did not greet');
    answer.u32();
    while (answer.left > 0) {
      this.#extensions.add(answer.bytes().toString());
      answer.bytes();
    }
  }

  /** Whether the server knows `put`: those of keepers from before it do not. */
  get puts(): boolean {
    return this.#extensions.has(putExtension);
  }

  /**
   * Gives a file this content, of at most `putSize` bytes, in one request; an existing one keeps its owner and mode. What could not be
   * made whole is not left.
   */
  put(path: string, fresh: { owner: { uid: number; gid: number }; mode: number }, append: boolean, content: Buffer): Promise<void> {
    return this.#done(packet.extended, (out) =>
      out
        .bytes(putExtension)
        .bytes(path)
        .u32(append ? 1 : 0)
        .attributes(fresh)
        .bytes(content),
    );
  }

  stat(path: string, follow: boolean): Promise<FileAttributes> {
    return this.#ask(follow ? packet.stat : packet.lstat, (out) => out.bytes(path), packet.attrs).then((answer) => answer.attributes());
  }

  statHandle(handle: FileHandle): Promise<FileAttributes> {
    return this.#ask(packet.fstat, (out) => out.bytes(handle), packet.attrs).then((answer) => answer.attributes());
  }

  openFile(path: string, flags: number, mode: number): Promise<FileHandle> {
    return this.#handle(packet.open, (out) => out.bytes(path).u32(flags).attributes({ mode }));
  }

  async closeHandle(handle: FileHandle): Promise<void> {
    await this.#done(packet.close, (out) => out.bytes(handle));
  }

  setHandle(handle: FileHandle, change: AttributeChange): Promise<void> {
    return this.#done(packet.fsetstat, (out) => out.bytes(handle).attributes(change));
  }

  set(path: string, change: AttributeChange): Promise<void> {
    return this.#done(packet.setstat, (out) => out.bytes(path).attributes(change));
  }

  /** Of a link itself. */
  setLink(path: string, change: AttributeChange): Promise<void> {
    return this.#done(packet.extended, (out) => out.bytes('lsetstat@openssh.com').bytes(path).attributes(change));
  }

  makeDirectory(path: string, mode: number): Promise<void> {
    return this.#done(packet.mkdir, (out) => out.bytes(path).attributes({ mode }));
  }

  makeLink(target: string | Buffer, path: string): Promise<void> {
    return this.#done(packet.symlink, (out) => out.bytes(target).bytes(path));
  }

  remove(path: string): Promise<void> {
    return this.#done(packet.remove, (out) => out.bytes(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#done(packet.rmdir, (out) => out.bytes(path));
  }

  async readLink(path: string): Promise<Buffer> {
    const answer = await this.#ask(packet.readlink, (out) => out.bytes(path), packet.name);
    answer.u32();
    return answer.bytes();
  }

  /** Names and attributes, in the directory's order. */
  async *entries(path: string): AsyncGenerator<{ name: string; attributes: FileAttributes }> {
    const handle = await this.#handle(packet.opendir, (out) => out.bytes(path));
    try {
      for (;;) {
        const answer = await this.#ask(packet.readdir, (out) => out.bytes(handle), packet.name).catch(nullAtEnd);
        if (answer === null) return;
        for (let left = answer.u32(); left > 0; left -= 1) {
          const name = answer.bytes().toString();
          answer.bytes();
          const attributes = answer.attributes();
          if (name !== '.' && name !== '..') yield { name, attributes };
        }
      }
    } finally {
      await this.closeHandle(handle).catch(() => undefined);
    }
  }

  /** The file's content from its start to its end, whatever its size says (proc(5)). The handle stays open. */
  async *read(handle: FileHandle): AsyncGenerator<Buffer> {
    const ask = (offset: number) => {
      const asked = this.#ask(packet.read, (out) => out.bytes(handle).u64(offset).u32(chunkSize), packet.data).catch(nullAtEnd);
      // The one that matters is awaited; a reader that leaves early awaits none.
      asked.catch(() => undefined);
      return asked;
    };
    let offset = 0;
    let ahead = [ask(0)];
    for (let answer = await ahead.shift(); answer; answer = await ahead.shift()) {
      const data = answer.bytes();
      yield data;
      offset += data.length;
      // A short read makes what was asked ahead of no use.
      if (data.length < chunkSize) ahead = [ask(offset)];
      else while (ahead.length < window) ahead.push(ask(offset + ahead.length * chunkSize));
    }
  }

  /** Writes what the source yields, from `offset` on; gives the number of bytes. The handle stays open. */
  async write(handle: FileHandle, source: AsyncIterable<Uint8Array>): Promise<number> {
    const under: Promise<void>[] = [];
    let offset = 0;
    for await (const chunk of source) {
      const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      for (let at = 0; at < data.length; at += chunkSize) {
        const part = data.subarray(at, at + chunkSize);
        const written = this.#done(packet.write, (out) => out.bytes(handle).u64(offset).bytes(part));
        written.catch(() => undefined);
        under.push(written);
        offset += part.length;
        if (under.length > window) await under.shift();
      }
    }
    await Promise.all(under);
    return offset;
  }

  close(): void {
    this.#stream.destroy();
    this.#fail(new SftpError('ECONNRESET', 'the file server is gone'));
  }

  async #handle(type: number, body: (out: PacketWriter) => unknown): Promise<FileHandle> {
    return Buffer.from((await this.#ask(type, body, packet.handle)).bytes());
  }

  async #done(type: number, body: (out: PacketWriter) => unknown): Promise<void> {
    await this.#ask(type, body, packet.status);
  }

  /** Rejects with SftpError for a status other than success. */
  async #ask(type: number, body: (out: PacketWriter) => unknown, expected: number): Promise<PacketReader> {
    this.#id = (this.#id + 1) >>> 0;
    const out = new PacketWriter(type).u32(this.#id);
    body(out);
    const answer = await this.#send(out.done());
    const got = answer.u8();
    answer.u32();
    if (got === packet.status) {
      const code = answer.u32();
      if (code === 0 && expected === packet.status) return answer;
      throw errorOf(code, answer.bytes().toString());
    }
    if (got !== expected) throw new SftpError('EPROTO', `the file server answered ${got}`);
    return answer;
  }

  #send(data: Buffer): Promise<PacketReader> {
    if (this.#over) return Promise.reject(this.#over);
    const answer = new Deferred<PacketReader>();
    this.#waiting.push(answer);
    this.#stream.write(data);
    this.#timer ??= setTimeout(() => this.#giveUp(), this.#options.deadline);
    return answer.promise;
  }

  #hear(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    for (let need = this.#need(); need !== null && this.#size >= need; need = this.#need()) {
      const data = this.#joined();
      this.#parts = data.length > need ? [data.subarray(need)] : [];
      this.#size = data.length - need;
      this.#progress();
      this.#waiting.shift()?.resolve(new PacketReader(data.subarray(4, need)));
    }
  }

  /** What has come in one piece, which is copied only when it came in several. */
  #joined(): Buffer {
    const [first, ...more] = this.#parts;
    const whole = first && more.length === 0 ? first : Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole;
  }

  /** Bytes of the next packet with its length; null: not known yet. */
  #need(): number | null {
    if (this.#size < 4) return null;
    let [first = this.#joined()] = this.#parts;
    if (first.length < 4) first = this.#joined();
    const need = first.readUInt32BE() + 4;
    if (need <= longest) return need;
    this.#fail(new SftpError('EPROTO', 'the file server sent too long a packet'));
    this.#stream.destroy();
    return null;
  }

  /** An answer came: the next has its own time. */
  #progress(): void {
    if (this.#waiting.length > 1) {
      this.#timer?.refresh();
      return;
    }
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #giveUp(): void {
    this.#fail(new SftpError('ETIMEDOUT', 'the file server does not answer'));
    this.#stream.destroy();
    this.#options.stuck();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = error;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const answer of this.#waiting.splice(0)) answer.reject(error);
    this.#end.resolve();
  }
}

export const fileFlags = {
  read: openFlag.read,
  overwrite: openFlag.write | openFlag.create | openFlag.truncate,
  append: openFlag.write | openFlag.create | openFlag.append,
  /** Of what is there alone. */
  replace: openFlag.write | openFlag.truncate,
  extend: openFlag.write | openFlag.append,
  /** Fails with EEXIST. */
  fresh: openFlag.write | openFlag.create | openFlag.exclusive,
} as const;

function nullAtEnd(error: unknown): null {
  if (error instanceof SftpError && error.code === 'EOF') return null;
  throw error;
}

/** The server's words are "ENOENT: No such file or directory". */
function errorOf(code: number, words: string): SftpError {
  if (code === 1) return new SftpError('EOF', words);
  const [name = '', text = words] = words.split(': ', 2);
  return new SftpError(/^E[A-Z0-9]+$/.test(name) ? name : 'EIO', text);
}
