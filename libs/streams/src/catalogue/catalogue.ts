import { architectureName } from '#lib/contract';
import type { StreamImage } from './products.ts';

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

  /**
   * By an alias, which may end in the architecture as LXD's do (`debian/12/amd64`), or by a fingerprint, or how one
   * begins that no other has. null: there is none.
   */
  find(name: string): { image: StreamImage; by: 'alias' | 'fingerprint' } | null {
    const named = this.#byAlias.get(name) ?? this.#byAlias.get(this.#plain(name));
    if (named) return { image: named, by: 'alias' };
    const found = /^[0-9a-f]{12,64}$/.test(name) ? this.images.filter((image) => image.fingerprint.startsWith(name)) : [];
    return found.length === 1 && found[0] ? { image: found[0], by: 'fingerprint' } : null;
  }

  /** Aliases that may be what was meant: those that begin so, the newest first. */
  similar(alias: string): string[] {
    const [word = ''] = alias.split('/');
    // 24.10 may be meant for 24.04.
    for (const begin of [word, word.split('.')[0] ?? '']) {
      const known = [...this.#byAlias.keys()].filter((each) => begin !== '' && each.startsWith(begin) && each.split('/').length <= 2);
      if (known.length > 0) return known.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).slice(0, mostSimilar);
    }
    return [];
  }

  #plain(alias: string): string {
    const at = alias.lastIndexOf('/');
    return at > 0 && architectureName(alias.slice(at + 1)) === this.#architecture ? alias.slice(0, at) : alias;
  }
}
