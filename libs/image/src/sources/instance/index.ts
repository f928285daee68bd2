import { stringify } from 'yaml';
import { packed, packTold, watchSpace } from '#lib/archive';
import type { JsonObject, StringMap } from '#lib/base';
import { type Compression, isLxError, LxError, problemsOf, refuse, type WireImageMetadata } from '#lib/contract';
import type { Operation } from '#lib/engine';
import type { Confinement } from '#lib/host';
import type { ImageRow } from '#lib/store';
import type { ImageStore, WantedImage } from '../../images.ts';
import type { InstanceTree, InstanceTrees, TreeOwner } from '../../instance-trees.ts';
import { parseMetadata } from '../../metadata.ts';
import { imageRow } from '../../row.ts';
import type { AskedImage, Fetching, ImageSource } from '../source.ts';

export type InstanceReference = JsonObject & {
  owner: TreeOwner;
  /** RFC 3339. */
  expiresAt: string | null;
  compression: Compression;
  filename: string;
  public: boolean;
  properties: StringMap | null;
  profiles: string[];
  aliases: WantedImage['aliases'];
  /** RFC 3339, and no other image's: what is made bears it, so that what this reference made is found again. */
  at: string;
};

interface Parts {
  images: ImageStore;
  confinement: Confinement;
  instances: () => InstanceTrees;
}

/** Images that are made of an instance that does not run, or of a snapshot. */
export class InstanceSource implements ImageSource<InstanceReference> {
  readonly name = 'instance';
  readonly alsoNamed = ['container', 'snapshot'];
  readonly #parts: Parts;
  #lastAt = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async order(project: string, { type, name }: AskedImage, wanted: WantedImage): Promise<InstanceReference> {
    const [instance = '', snapshot] = name.split('/');
    refuse(
      problemsOf([
        [wanted.autoUpdate, 'auto_update: an image that is made of an instance has nowhere to be updated from'],
        [name === '', 'No source provided'],
        [name !== '' && type === 'snapshot' && snapshot === undefined, 'Not a snapshot'],
        [type !== 'snapshot' && snapshot !== undefined, 'This is a snapshot'],
      ]),
    );
    const { images, instances } = this.#parts;
    const owner = await instances().find(project, instance, snapshot ?? null);
    for (const alias of wanted.aliases) await images.aliases.refuseTaken(project, alias.name);
    const { expiresAt, ...rest } = wanted;
    const compression = wanted.compression ?? (await images.compression());
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    return { ...rest, owner, compression, expiresAt: expiresAt?.toISOString() ?? null, at: new Date(this.#lastAt).toISOString() };
  }

  hold({ owner }: InstanceReference, start: (locks: string[]) => Promise<Operation>): Promise<Operation> {
    return this.#parts.instances().hold(owner, start);
  }

  describe({ owner }: InstanceReference): string {
    return `the instance ${JSON.stringify(owner.instance)}`;
  }

  async find(): Promise<null> {
    return null;
  }

  fetch(project: string, reference: InstanceReference, fetching: Fetching): Promise<ImageRow> {
    return this.#parts.instances().read(reference.owner, (tree) => this.#make(project, reference, tree, fetching));
  }

  async #make(project: string, reference: InstanceReference, tree: InstanceTree, fetching: Fetching): Promise<ImageRow> {
    const { images } = this.#parts;
    const { expiresAt, at, compression, owner, properties, ...wanted } = reference;
    const document = stringify(documentOf(tree.metadata, reference));
    const upload = await this.#pack(document, tree, reference, fetching);
    try {
      const known = await images.get(project, upload.fingerprint);
      if (known !== null) throw new LxError('image.exists');
      const request = { ...wanted, project, properties: {}, fingerprint: null };
      const made = imageRow(request, upload, parseMetadata(document), new Date(at));
      return await images.publish(upload, { ...made, filename: wanted.filename, createdAt: new Date(at) }, wanted.aliases);
    } catch (error) {
      await images.files.discard(upload.id);
      throw error;
    }
  }

  async #pack(
    document: string,
    { directory, templates }: InstanceTree,
    { compression, at }: InstanceReference,
    { progress, signal }: Fetching,
  ) {
    const { images, confinement } = this.#parts;
    using space = await watchSpace(images.files.directory);
    const ends = AbortSignal.any([signal, space.signal]);
    const archive = packed(
      { compression, confinement, signal: ends, told: packTold((text) => progress(`Image pack: ${text}`)) },
      async (pack) => {
        const time = new Date(at);
        await pack.file('metadata.yaml', document, time);
        await pack.tree('rootfs', directory);
        if (templates.length > 0) await pack.directory('templates', time);
        for (const { name, content } of templates) await pack.file(`templates/${name}`, content, time);
      },
    );
    try {
      return await images.files.receive(one(archive), ends);
    } catch (error) {
      if (isLxError(error)) throw error;
      if (signal.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
      if (await space.isFull()) throw new LxError('archive.no_space', undefined, { cause: error });
      throw error;
    }
  }

  /** After a crash between the row and the journal. */
  async takeBack(project: string, { at }: InstanceReference): Promise<void> {
    const { images } = this.#parts;
    const time = new Date(at).getTime();
    const made = (await images.list(project)).find((row) => row.uploadedAt.getTime() === time && row.createdAt?.getTime() === time);
    if (made) await images.unpublish({ id: 'none', layout: made.layout, fingerprint: made.fingerprint, size: made.size }, made);
  }
}

/** What the client says wins over what the instance has of its own image. */
function documentOf(metadata: WireImageMetadata, { properties, expiresAt }: InstanceReference): JsonObject {
  const expiry = expiresAt === null ? 0 : Math.floor(new Date(expiresAt).getTime() / 1000);
  const { expiry_date: _, ...document } = metadata;
  return {
    ...document,
    properties: properties ?? metadata.properties,
    ...(expiry > 0 ? { expiry_date: expiry } : {}),
  } as unknown as JsonObject;
}

async function* one<T>(only: T): AsyncGenerator<T> {
  yield only;
}
