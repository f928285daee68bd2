/** Bytes searched for a mark while they stream. */
export class Inbound {
  #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  prepend(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** Everything up to the mark, which is swallowed. Throws when the stream ends before it. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      const sure = at >= 0 ? at : Math.max(0, this.#held.length - mark.length + 1);
      const out = this.#held.subarray(0, sure);
      this.#held = this.#held.subarray(at >= 0 ? at + mark.length : sure);
      if (out.length > 0) yield out;
      if (at >= 0) return;
      await this.#more();
    }
  }

  async take(mark: Buffer): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.until(mark)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async startsWith(text: string): Promise<boolean> {
    while (this.#held.length < text.length) await this.#more();
    return this.#held.subarray(0, text.length).toString('latin1') === text;
  }

  async #more(): Promise<void> {
    const next = await this.#source.next();
    if (next.done) throw new Error('the answer is cut off');
    this.#held = this.#held.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#held, next.value]);
  }
}
