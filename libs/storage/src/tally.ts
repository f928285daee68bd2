import type { CopyWishes } from '#lib/host';

/** Adds up what several copies tell that come one after the other. */
export class Tally {
  readonly #wishes: CopyWishes;
  /** Bytes of the copies before, and of this one. */
  #before = 0;
  #now = 0;

  constructor(wishes: CopyWishes) {
    this.#wishes = wishes;
  }

  /** For the next copy. */
  next(): CopyWishes {
    const { signal, onBytes } = this.#wishes;
    this.#before += this.#now;
    this.#now = 0;
    const counted = (bytes: number) => {
      this.#now = bytes;
      onBytes?.(this.#before + bytes);
    };
    return { ...(signal && { signal }), ...(onBytes && { onBytes: counted }) };
  }
}
