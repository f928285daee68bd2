/** Reads a byte stream up to marks in it. `cut` makes the error for a stream that ends too early. */
export class Scanner {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #cut: () => Error;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>, cut: () => Error) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#cut = cut;
  }

  unread(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** Everything before the mark; the mark is taken too. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      // The mark may have begun in the last bytes.
      const sure = at >= 0 ? at : Math.max(0, this.#held.length - mark.length + 1);
      const before = this.#held.subarray(0, sure);
      this.#held = this.#held.subarray(at >= 0 ? at + mark.length : sure);
      if (before.length > 0) yield before;
      if (at >= 0) return;
      await this.#more();
    }
  }

  /** Whether these characters come next; takes them if so. */
  async takes(text: string): Promise<boolean> {
    while (this.#held.length < text.length) await this.#more();
    if (this.#held.toString('latin1', 0, text.length) !== text) return false;
    this.#held = this.#held.subarray(text.length);
    return true;
  }

  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done) throw this.#cut();
    this.#held = this.#held.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#held, next.value]);
  }
}
