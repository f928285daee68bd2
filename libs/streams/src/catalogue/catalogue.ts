import { architectureName } from '#lib/contract';
import type { StreamImage } from './products.ts';

export interface WantedStream {
  /** '' where the fingerprint says it. */
  alias: string;
  /** A whole one, or how one begins that no other has. */
  fingerprint: string;
}

/** So many names are told of what there is instead. */
const mostSimilar = 6;

/** What a server of simplestreams has for one architecture. */
export class Catalogue {
  readonly images: readonly StreamImage[];
  readonly #byAlias = new Map<string, StreamImage>();
  readonly #architecture: string;

  constructor(images: readonly StreamImage[], architecture: string) {
    this.#architecture = architecture;
    this.images = images.filter((image) => image.architecture === architecture);
    for (const image of this.images) for (const alias of image.aliases) if (!this.#byAlias.has(alias)) this.#byAlias.set(alias, image);
  }

  /** An alias may end in the architecture, as LXD's do: `debian/12/amd64`. null: there is none, or more than one. */
  find({ alias, fingerprint }: WantedStream): StreamImage | null {
    if (alias !== '') return this.#byAlias.get(alias) ?? this.#byAlias.get(this.#plain(alias)) ?? null;
    const found = fingerprint === '' ? [] : this.images.filter((image) => image.fingerprint.startsWith(fingerprint));
    return found.length === 1 || found[0]?.fingerprint === fingerprint ? (found[0] ?? null) : null;
  }

  /** Aliases that may be what was meant: those that begin so, the newest first. */
  similar(alias: string): string[] {
    const [word = ''] = alias.split('/');
    return [...this.#byAlias.keys()]
      .filter((known) => word !== '' && known.startsWith(word) && (known.match(/\//g)?.length ?? 0) <= 1)
      .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .slice(0, mostSimilar);
  }

  #plain(alias: string): string {
    const at = alias.lastIndexOf('/');
    return at > 0 && architectureName(alias.slice(at + 1)) === this.#architecture ? alias.slice(0, at) : alias;
  }
}
