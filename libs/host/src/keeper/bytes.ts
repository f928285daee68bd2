/** Builds a message of the keeper's protocol: little-endian numbers, texts as u32 length, bytes and a zero byte. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #size = 0;

  u8(value: number): this {
    this.#size = this.#room(1).writeUInt8(value, this.#size);
    return this;
  }

  u16(value: number): this {
    this.#size = this.#room(2).writeUInt16LE(value, this.#size);
    return this;
  }

  u32(value: number): this {
    this.#size = this.#room(4).writeUInt32LE(value, this.#size);
    return this;
  }

  u64(value: bigint): this {
    this.#size = this.#room(8).writeBigUInt64LE(value, this.#size);
    return this;
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.u32(length).#room(length);
    this.#size += this.#buffer.write(value, this.#size);
    return this.u8(0);
  }

  optional<T>(value: T | null, write: (value: T) => void): this {
    this.flag(value !== null);
    if (value !== null) write(value);
    return this;
  }

  list<T>(values: readonly T[], write: (value: T) => void): this {
    this.u32(values.length);
    for (const value of values) write(value);
    return this;
  }

  blob(value: Uint8Array): this {
    this.u32(value.length).#room(value.length).set(value, this.#size);
    this.#size += value.length;
    return this;
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  #room(size: number): Buffer {
    if (this.#size + size > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#size + size));
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/** Reads a message of the keeper's; a short one throws RangeError. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#step(1));
  }

  u16(): number {
    return this.#buffer.readUInt16LE(this.#step(2));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#step(4));
  }

  i32(): number {
    return this.#buffer.readInt32LE(this.#step(4));
  }

  /** Milliseconds and the like, below 2^53. */
  u64(): number {
    return Number(this.#buffer.readBigUInt64LE(this.#step(8)));
  }

  text(): string {
    const size = this.u32();
    const start = this.#step(size + 1);
    if (start + size >= this.#buffer.length) throw new RangeError('text of a keeper message is cut off');
    return this.#buffer.toString('utf8', start, start + size);
  }

  #step(size: number): number {
    const start = this.#at;
    this.#at += size;
    return start;
  }
}
