/** Types of SFTP version 3 (draft-ietf-secsh-filexfer-02), as native/src/files/server.cc answers them. */
export const packet = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  stat: 17,
  readlink: 19,
  symlink: 20,
  setstat: 9,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
} as const;

export const openFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

export interface FileAttributes {
  size: number;
  uid: number;
  gid: number;
  /** With the type's bits (inode(7)). */
  mode: number;
  /** Seconds since the epoch. */
  modified: number;
}

/** Those that are absent stay as they are. */
export interface AttributeChange {
  owner?: { uid: number; gid: number };
  mode?: number;
  /** Seconds since the epoch. */
  modified?: number;
}

/** The kernel's words for what could not be done. */
export class SftpError extends Error {
  /** An errno's name, or EOF. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Builds a packet: its length and type, then what is added. */
export class PacketWriter {
  readonly #parts: Buffer[] = [];
  readonly #type: number;

  constructor(type: number) {
    this.#type = type;
  }

  u32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeUInt32BE(value >>> 0);
    this.#parts.push(part);
    return this;
  }

  u64(value: number): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigUInt64BE(BigInt(value));
    this.#parts.push(part);
    return this;
  }

  bytes(value: Buffer | string): this {
    const part = typeof value === 'string' ? Buffer.from(value) : value;
    this.u32(part.length).#parts.push(part);
    return this;
  }

  attributes({ owner, mode, modified }: AttributeChange): this {
    this.u32((owner ? 2 : 0) | (mode === undefined ? 0 : 4) | (modified === undefined ? 0 : 8));
    if (owner) this.u32(owner.uid).u32(owner.gid);
    if (mode !== undefined) this.u32(mode);
    if (modified !== undefined) this.u32(modified).u32(modified);
    return this;
  }

  done(): Buffer {
    const head = Buffer.allocUnsafe(5);
    const size = this.#parts.reduce((sum, part) => sum + part.length, 1);
    head.writeUInt32BE(size);
    head.writeUInt8(this.#type, 4);
    return Buffer.concat([head, ...this.#parts]);
  }
}

/** Reads an answer behind its length; a short one throws RangeError. */
export class PacketReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#data.length - this.#at;
  }

  u8(): number {
    this.#at += 1;
    return this.#data.readUInt8(this.#at - 1);
  }

  u32(): number {
    this.#at += 4;
    return this.#data.readUInt32BE(this.#at - 4);
  }

  u64(): number {
    this.#at += 8;
    return Number(this.#data.readBigUInt64BE(this.#at - 8));
  }

  bytes(): Buffer {
    const size = this.u32();
    this.#at += size;
    if (this.#at > this.#data.length) throw new RangeError('an answer of the file server is cut off');
    return this.#data.subarray(this.#at - size, this.#at);
  }

  attributes(): FileAttributes {
    const flags = this.u32();
    const size = flags & 1 ? this.u64() : 0;
    const [uid, gid] = flags & 2 ? [this.u32(), this.u32()] : [0, 0];
    const mode = flags & 4 ? this.u32() : 0;
    if (flags & 8) this.u32();
    return { size, uid, gid, mode, modified: flags & 8 ? this.u32() : 0 };
  }
}
