import { allEnded } from '#lib/base';
import type { StepContext } from '#lib/engine';
import type { Images } from '#lib/image';
import type { Storage } from '#lib/storage';
import type { MetadataFiles } from '../metadata/metadata-files.ts';

interface Using {
  images: Images;
  storage: Storage;
  metadataFiles: MetadataFiles;
}

/**
 * Makes what `id` has of an image: its tree is unpacked in the pool, unless it is there, then come the metadata and what `root` makes on
 * the tree. LxError 'image.not_found' for an image that is gone by now.
 */
export async function makeFromImage<P, S>(
  { images, storage, metadataFiles }: Using,
  { id, project, pool, image }: { id: string; project: string; pool: string; image: string },
  progress: StepContext<P, S>['progress'],
  root: () => Promise<void>,
): Promise<void> {
  const row = await images.resolve(project, { fingerprint: image });
  await storage.trees.ensure(pool, image, (directory) => {
    progress({ create_instance_from_image_unpack_progress: 'Unpacking image' });
    return images.unpack(row, directory);
  });
  await allEnded([metadataFiles.create({ id }, row.metadata, () => storage.trees.directory(pool, image)), root()]);
}
