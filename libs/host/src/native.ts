import addon from '#native';

// The one door to the addon. A CommonJS addon has no named exports, so they are made here.
export const {
  Channel,
  RouteSocket,
  channelPair,
  closeFd,
  compileSeccomp,
  linkWatch,
  mountSetattr,
  moveMount,
  networkPort,
  newMount,
  openInRoot,
  openTree,
  peerCredentials,
  pidfdOpen,
  pidfdSendSignal,
  pidfdWatch,
  pipe,
  readFd,
  readFiles,
  setWindowSize,
  socketPair,
  unmount,
  userNamespace,
} = addon;

export type Channel = import('#native').Channel;
export type RouteSocket = import('#native').RouteSocket;
export type {
  AddressInfo,
  LinkCounters,
  LinkInfo,
  MountAttributes,
  NetworkPort,
  PeerCredentials,
  RouteInfo,
  SeccompRule,
} from '#native';
