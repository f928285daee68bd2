import type { StringMap } from '#lib/base';
import type { LinkKind } from '#lib/host';
import type { DevicePorts } from '../../../device-type.ts';
import type { Nic } from '../nic.ts';

/** One kind of network card: a file in this folder. */
export interface NicKind {
  /** Options that it takes beside those of all cards. */
  readonly options: readonly string[];
  /** Options that LXD has for it, and nothing here acts on. */
  readonly unsupported?: readonly string[];
  /** Of `options`, what can change while it is attached. */
  readonly live?: readonly string[];
  /** Whether it has an end on the host, which has a name. */
  readonly cable: boolean;
  /** What the rows do not say: a condition, and the words where it holds. */
  problems?(options: StringMap): readonly (readonly [problem: unknown, text: string])[];
  /** Why it cannot be attached on this host; null: it can. Its parent, if it has one, is there. */
  lacks?(ports: DevicePorts, parent: string | null, options: StringMap): Promise<string | null>;
  /** Makes the host ready for it. */
  prepare?(ports: DevicePorts, options: StringMap): Promise<void>;
  /** `options`: as they were when it was attached; `network`: where its managed network puts it. */
  link(nic: Nic & { hostName: string }, options: StringMap, network: NetworkLink | null): LinkKind;
}

export type NetworkLink = Awaited<ReturnType<DevicePorts['networks']['attach']>>['link'];

/** Of the kinds with a cable. */
export const limitOptions: readonly string[] = ['limits.ingress', 'limits.egress', 'limits.max'];

export const needsParent = (options: StringMap) => [!options.parent, 'Invalid value for device option "parent": Required value'] as const;
