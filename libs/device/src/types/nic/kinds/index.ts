import { bridged } from './bridged.ts';
import type { NicKind } from './kind.ts';
import { macvlan } from './macvlan.ts';
import { p2p } from './p2p.ts';
import { physical } from './physical.ts';
import { routed } from './routed.ts';

/** One line a kind. */
export const nicKinds: Readonly<Record<string, NicKind>> = { bridged, p2p, macvlan, physical, routed };

/** LXD has these kinds too; this version cannot do them, and says so with what helps instead. */
export const foreignNicKinds: ReadonlyMap<string, string> = new Map([
  ['ipvlan', ': "routed" gives an instance single addresses of its parent\'s network too'],
  ['ovn', ''],
  ['sriov', ': "physical" lends it a whole interface, a virtual function as well'],
]);

export function nicKind(kind: string): NicKind | null {
  return Object.hasOwn(nicKinds, kind) ? (nicKinds[kind] ?? null) : null;
}
