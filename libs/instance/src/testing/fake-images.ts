import { LxError } from '#lib/contract';
import type { Fetching, Images, ImageWish } from '#lib/image';
import type { ImageRow } from '#lib/store';

/** The part of Images that instances use, in memory. */
export class FakeImages implements Images {
  readonly rows = new Map<string, ImageRow>();
  readonly aliases = new Map<string, string>();
  readonly unpacked: string[] = [];

  add(fingerprint: string, alias: string, change: Partial<ImageRow> = {}): ImageRow {
    const times = { expiresAt: null, createdAt: null, uploadedAt: new Date(0), lastUsedAt: null };
    const flags = { public: false, autoUpdate: false, cached: false };
    const kind = { filename: 'image.tar', size: 1, architecture: 'x86_64', layout: 'unified', metadata: {}, origin: null } as const;
    const row: ImageRow = {
      fingerprint,
      project: 'default',
      properties: { os: 'Fake' },
      profiles: ['default'],
      ...times,
      ...flags,
      ...kind,
      ...change,
    };
    this.rows.set(fingerprint, row);
    this.aliases.set(alias, fingerprint);
    return row;
  }

  /** What a source has and the store has not: by the name that is asked for. */
  readonly elsewhere = new Map<string, ImageRow>();
  /** Called while an image is fetched. */
  onFetch: (fetching: Fetching) => Promise<void> = async () => {};

  wish({ protocol, name, alias, fingerprint }: Parameters<Images['wish']>[0]): ImageWish {
    return protocol === '' ? { source: null, alias, fingerprint } : { source: protocol, reference: { name: name || alias } };
  }

  async find(project: string, wish: ImageWish): Promise<ImageRow | null> {
    if (wish.source === null) return this.resolve(project, wish);
    const row = this.elsewhere.get(wish.reference.name as string);
    if (!row) throw new LxError('image.not_found');
    return this.rows.get(row.fingerprint) ?? null;
  }

  async fetch(project: string, wish: ImageWish, fetching: Fetching): Promise<ImageRow> {
    if (wish.source === null) return this.resolve(project, wish);
    await this.onFetch(fetching);
    const row = this.elsewhere.get(wish.reference.name as string);
    if (!row) throw new LxError('image.not_found');
    this.rows.set(row.fingerprint, row);
    return row;
  }

  async resolve(_project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow> {
    const row = this.rows.get(reference.fingerprint || (this.aliases.get(reference.alias ?? '') ?? ''));
    if (!row) throw new LxError(reference.fingerprint ? 'image.not_found' : 'alias.not_found');
    return row;
  }

  async unpack(image: ImageRow, directory: string): Promise<void> {
    this.unpacked.push(`${image.fingerprint} ${directory}`);
  }
}
