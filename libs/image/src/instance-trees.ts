import type { WireImageMetadata } from '#lib/contract';
import type { Operation } from '#lib/engine';

/** An instance, or a snapshot of one, whose tree is to be read. Plain JSON: it lasts in journals. */
export type TreeOwner = {
  project: string;
  /** Name of the instance. */
  instance: string;
  /** Its id. */
  id: string;
  /** Id of the root or snapshot that is read. */
  root: string;
};

/** All that an image keeps of an instance. */
export interface InstanceTree {
  /** The whole root file system, read only, with the owners that the instance sees. Its links are the guest's: follow none. */
  directory: string;
  metadata: WireImageMetadata;
  templates: readonly { name: string; content: string }[];
}

/** Instances as the sources of images see them. */
export interface InstanceTrees {
  /** By name: `snapshot` null for the instance itself. LxError 'instance.not_found', 'snapshot.not_found', 'image.of_running'. */
  find(project: string, instance: string, snapshot: string | null): Promise<TreeOwner>;
  /** Starts an operation in the instance's turn, with the lock that keeps it as it is. LxError 'instance.busy'. */
  hold(owner: TreeOwner, start: (locks: string[]) => Promise<Operation>): Promise<Operation>;
  /** Shows the tree, which the operation holds. LxError 'image.of_running', 'volume.not_found'. */
  read<T>(owner: TreeOwner, use: (tree: InstanceTree) => Promise<T>): Promise<T>;
}
