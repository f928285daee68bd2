import addon from '#native';

// The one door to the addon. A CommonJS addon has no named exports, so they are made here.
export const {
  Channel,
  RouteSocket,
  btrfsUuid,
  closeFd,
  compileSeccomp,
  copyTree,
  copyTreeBefore,
  directoryLike,
  growBtrfs,
  isDirectoryLike,
  isLargeTree,
  isSubvolume,
  isSystemCall,
  limitSubvolume,
  makeSubvolume,
  deviceWatch,
  linkWatch,
  mergedTree,
  mountFilesystem,
  networkPort,
  peerCredentials,
  pidfdOpen,
  pidfdSendSignal,
  pidfdWatch,
  pipe,
  readFd,
  readFiles,
  removeTree,
  setWindowSize,
  snapshotSubvolume,
  subvolumeUsage,
  sweepSubvolumeGroups,
  unmountFilesystem,
} = addon;

export type Channel = import('#native').Channel;
export type RouteSocket = import('#native').RouteSocket;
export type {
  AddressInfo,
  LinkInfo,
  NetworkPort,
  PeerCredentials,
  RouteInfo,
  SeccompPolicy,
  SeccompRule,
} from '#native';
