import type { CopyWishes } from '#lib/host';
import type { Chain, RootPlace } from '../driver.ts';
import type { Still } from '../storage.ts';

/** A root as its driver sees it: where its changes go, and what it stands on. */
export interface Standing {
  place: RootPlace;
  chain: Chain;
}

/** What a root or a snapshot is made from. */
export interface Source {
  id: string;
  /** Fingerprint of the image that both stand on; null: none. */
  image: string | null;
}

/** A root or a snapshot that comes from another pool; `still` is that of what it comes from. */
export interface Arrival {
  id: string;
  isSnapshot: boolean;
  still: Still | null;
}

/**
 * How the roots of a pool are made, copied and taken away: by layers that several stand on, or each as a whole. What is said
 * of `volumes/<id>` in `PoolLayout` holds for both. Everything can be repeated after a kill; `still` holds what runs while
 * what must not be disturbed is done, null is for what does not run.
 */
export interface RootKeeper {
  /** At start, when the pool's directories are there: removes what a crash left. */
  prepare(): Promise<void>;
  /** LxError 'volume.not_found' of a snapshot: it takes no changes. */
  standing(root: Source): Promise<Standing>;
  /** The directories whose whole is the tree of a root or a snapshot, the uppermost first. */
  trees(of: Source): Promise<string[]>;
  /** A root that shows its image. */
  create(root: Source): Promise<void>;
  /** A root that shows its image, and can take the place of another one. */
  createSuccessor(root: Source): Promise<void>;
  /** Puts a successor in the place of a root, which does not run and gives up what it held. Done already where there is no successor. */
  replace(root: string, successor: string): Promise<void>;
  /** A root or a snapshot of no image, with all of a tree of the pool, which it takes. */
  fill(id: string, tree: string, isSnapshot: boolean): Promise<void>;
  /** Copies all that a root or a snapshot shows to `to`, in whatever pool. */
  copyOut(of: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void>;
  snapshot(root: Source, snapshot: string, still: Still | null): Promise<void>;
  /** A snapshot like another one. */
  copySnapshot(snapshot: Source, to: string): Promise<void>;
  /** A root like another one, or like a snapshot. */
  copy(from: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void>;
  /** Gives a root, which does not run, the content of its snapshot. */
  restore(snapshot: Source, root: string): Promise<void>;
  /** A root or a snapshot, with what nothing else stands on. */
  remove(id: string): Promise<void>;
}
