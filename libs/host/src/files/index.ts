export { type CopyWishes, copyDifferences, copyTree, cutTree, mergeLayers } from './copy-tree.ts';
export { exists, makeDirectory } from './exists.ts';
export { dropLink, pointLink } from './links.ts';
export { removeOpenTree, removeTree } from './remove-tree.ts';
export { hostPlaces, type Place, type Places } from './places.ts';
export { withMergedTree } from './merged-tree.ts';
export { btrfsOn, deviceOfBtrfs, wipeBtrfs } from './btrfs.ts';
export {
  btrfsUuid,
  directoryLike,
  growBtrfs,
  isDirectoryLike,
  isSubvolume,
  limitSubvolume,
  makeSubvolume,
  mountFilesystem,
  snapshotSubvolume,
  subvolumeUsage,
  sweepSubvolumeGroups,
  unmountFilesystem,
} from '../native.ts';
