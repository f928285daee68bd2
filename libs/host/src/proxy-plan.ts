/** A proxy of a running instance, as its keeper has it (native/src/keeper/proxies.h). */
export interface ProxyPlan {
  /** Its name in the keeper. */
  name: string;
  /** `inside`: listens in the instance and connects on the host; `host`: the other way round. */
  listens: 'host' | 'inside';
  listen: readonly ProxyAddress[];
  /** As many as `listen`, or one for all. */
  connect: readonly ProxyAddress[];
  /** Says to the target who the client is, by the first line of the PROXY protocol, version 1. */
  header: boolean;
  /** Of a unix socket at a path; ids are those of the side that listens. */
  owner: { mode: number; uid: number; gid: number };
  /** Who connects; ids of that side. */
  uid: number;
  gid: number;
}

export type ProxyAddress =
  | { kind: 'tcp' | 'udp' /** Numeric. */; host: string; port: number }
  | { kind: 'path' | 'abstract' /** A path, or a name without the zero byte. */; host: string; port: 0 };
