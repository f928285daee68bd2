import type { Readable } from 'node:stream';
import { stringify } from 'yaml';
import { type Packing, packed, type TarPack } from '#lib/archive';
import type { Storage } from '#lib/storage';
import type { InstanceRow } from '#lib/store';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { type BackedUp, indexText, instanceDocument } from './document.ts';

/** As LXD's directories of instances are: nobody is to come to a guest's setuid programs through them. */
const closed = 0o100;

interface Using {
  storage: Storage;
  metadataFiles: MetadataFiles;
}

export interface ArchiveOf extends BackedUp {
  row: InstanceRow;
  /** Id of the root or the cut that is read. */
  root: string;
  /** Ids of the snapshots, by name, the oldest first. */
  roots: ReadonlyMap<string, string>;
}

/**
 * A backup in LXD's format, in one stream: index.yaml, snapshots/<name>/ the oldest first, container/, each with rootfs/ and what
 * the instance keeps of its image. Nothing that is read may change meanwhile.
 */
export function backupArchive({ storage, metadataFiles }: Using, of: ArchiveOf, packing: Packing): Readable {
  const { row } = of;
  return packed(packing, async (pack) => {
    await pack.file('backup/index.yaml', indexText(of));
    if (of.roots.size > 0) await pack.directory('backup/snapshots');
    for (const [name, id] of of.roots) await instance(pack, `backup/snapshots/${name}`, id);
    await instance(pack, 'backup/container', of.root);
  });

  async function instance(pack: TarPack, place: string, root: string): Promise<void> {
    await pack.directory(place, new Date(), closed);
    await pack.file(`${place}/backup.yaml`, stringify(instanceDocument(of)));
    await pack.file(`${place}/metadata.yaml`, stringify(await metadataFiles.read(row)));
    const names = await metadataFiles.list(row);
    if (names.length > 0) await pack.directory(`${place}/templates`);
    for (const name of names) await pack.file(`${place}/templates/${name}`, await metadataFiles.template(row, name));
    await storage.roots.withTree(root, (tree) => pack.tree(`${place}/rootfs`, tree));
  }
}
