import { paxRecords } from '../tar-reader.ts';
import { block, isZero, paddedSize } from './tar-headers.ts';

/**
 * What GNU tar writes in its pax format, without the zeros that end an archive and fill its last record. Where they begin is known by
 * following the members: a file may end with zeros, too.
 */
export async function* withoutEnd(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const members = new Members();
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of archive) {
    if (members.ended) continue;
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const followed = members.follow(bytes);
    if (followed > 0) yield bytes.subarray(0, followed);
    held = bytes.subarray(followed);
  }
  if (!members.ended) throw new Error('tar did not end its archive');
}

class Members {
  ended = false;
  /** Bytes of the content that the last header told of, to the end of its last block. */
  #rest = 0;
  /** What has come of an extended header's content; null: it is another's. */
  #extension: Buffer[] | null = null;
  #size = 0;
  /** What an extended header says of the size of the next member, which has no room for it. */
  #saidSize: number | null = null;

  /** How many of the bytes, which follow those that were followed before, are of members. A part of a header is for the next time. */
  follow(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#rest > 0) {
        const part = bytes.subarray(at, at + this.#rest);
        this.#content(part);
        at += part.length;
        continue;
      }
      const header = bytes.subarray(at, at + block);
      if (header.length < block) break;
      this.ended = isZero(header);
      if (this.ended) break;
      this.#header(header);
      at += block;
    }
    return at;
  }

  #content(part: Buffer): void {
    this.#rest -= part.length;
    if (this.#extension === null) return;
    // The chunk is another's once it is passed on.
    this.#extension.push(Buffer.from(part));
    if (this.#rest > 0) return;
    const said = paxRecords(Buffer.concat(this.#extension).subarray(0, this.#size)).get('size');
    this.#saidSize = said === undefined ? null : Number(said);
    this.#extension = null;
  }

  #header(header: Buffer): void {
    const inHeader = Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
    const isExtension = header.toString('latin1', 156, 157) === 'x';
    this.#size = isExtension ? inHeader : (this.#saidSize ?? inHeader);
    this.#extension = isExtension ? [] : null;
    if (!isExtension) this.#saidSize = null;
    this.#rest = paddedSize(this.#size);
  }
}
