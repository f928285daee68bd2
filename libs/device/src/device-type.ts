import type { DeviceMap, StringMap } from '#lib/base';
import type { KeyCatalogue } from '#lib/contract';
import type { DeviceMount, HostDevices, LinkLimits, LinkPlan, Places, ProxyPlan } from '#lib/host';
import type { DeviceRules, Networks } from '#lib/network';
import type { Storage } from '#lib/storage';
import type { AttachedRow, InstanceRow } from '#lib/store';

/**
 * One type of device: a folder in `types/`. Its options are rows like config keys; validation, docs and forms follow from
 * them. What a type lacks, it leaves out.
 */
export interface DeviceType {
  readonly catalogue: KeyCatalogue;
  /** Options that LXD has and nothing here acts on; one that ends in a dot stands for all that begin so. */
  readonly unsupported: readonly string[];
  /** Whether an option whose row is live is not for a device with these options. */
  fixes?(option: string, options: StringMap): boolean;
  /** What the rows do not say of one device. */
  problems(options: StringMap): string[];
  /** What shows only among all devices of an instance. */
  problemsAmong?(devices: DeviceMap): string[];
  /** Where inside it is mounted, as `insidePath` has it; no other device may be there. */
  place?(options: StringMap): string | null;
  /** What it names and is not there, or another's; each text names the device. */
  missing?(holders: DeviceHolders, owner: Pick<DeviceOwner, 'project' | 'volatile'>, device: string, options: StringMap): Promise<string[]>;
  /** What the host lacks for one that comes to an instance; null: nothing. */
  lacks?(places: Places, device: string, options: StringMap): Promise<string | null>;
  /** Volatile keys that the server makes up for a device that has not got them yet; `known` are those there are. */
  madeUp?(device: string, devices: DeviceMap, known: StringMap): StringMap;
  /** Only of types whose devices are plugged in to a running instance. */
  life?: DeviceLife;
}

/** Whose pools and networks devices name. */
export interface DeviceHolders {
  storage: Pick<Storage, 'pools' | 'volumes'>;
  networks: Pick<Networks, 'nicProblems'>;
  places: Places;
}

/** What attaching and detaching act on. */
export interface DevicePorts {
  networks: Pick<Networks, 'hasLink' | 'isOn' | 'attach' | 'detach'>;
  deviceRules: DeviceRules;
  storage: Pick<Storage, 'volumes'>;
  places: Places;
  devices: HostDevices;
}

/** A device node of the host that was found for a device. A type, for it is kept as JSON. */
export type FoundNode = {
  /** Of the host's node. */
  path: string;
  kind: 'char' | 'block';
  major: number;
  minor: number;
};

/** Where what a device waits for can come from. */
export interface Awaited {
  /** Paths of the host at which it may appear; [] for devices, which the kernel tells of whatever their path. */
  paths: readonly string[];
}

export type DeviceOwner = Pick<InstanceRow, 'id' | 'project' | 'name' | 'volatile'>;

/**
 * A device as it was attached: kept on the instance's row as long as it is, so that taking it down, changing it and
 * showing it need nothing else.
 */
export type AttachedDevice = AttachedRow & {
  /** Of a type that looks for nodes of the host: those that it has. */
  found?: FoundNode[];
};

/** A device's part of the launch plan. */
export interface LaunchPart {
  links?: LinkPlan[];
  mounts?: DeviceMount[];
  /** Whether what is mounted may take so many bytes and no more. */
  bounded?: boolean;
}

/** What a device is inside the instance, for taking it off. */
export interface InsidePart {
  /** Names of links. */
  links?: string[];
  /** `remove`: with the empty file that it was mounted on. */
  mounts?: { target: string; remove: boolean }[];
}

/** A link, by its name inside, and what goes over it at most. */
export interface LimitedLink {
  name: string;
  limits: LinkLimits;
}

/** `R`: what is recorded of an attached device. */
export interface DeviceLife<R extends AttachedDevice = AttachedDevice> {
  /** Looks for the nodes of the host that are meant; they are `found` of the record. */
  find?(ports: DevicePorts, options: StringMap): Promise<FoundNode[]>;
  /** Decides all that is to be decided; asks nobody and changes nothing. null: there is nothing to attach. */
  choose(owner: DeviceOwner, device: string, options: StringMap): Omit<R, 'options' | 'found'> | null;
  /** Of a device that comes to its running instance when the host has it, and goes with it; null: it is as it was at the start. */
  awaits?(attached: R): Awaited | null;
  /** Makes the host ready for it. On failure `detach` is called. */
  attach(ports: DevicePorts, owner: DeviceOwner, attached: R): Promise<LaunchPart>;
  /** A proxy that runs beside the instance once this is up. */
  beside?(attached: R): ProxyPlan;
  /** Idempotent: also of what was attached in part, or is gone. */
  detach(ports: DevicePorts, owner: DeviceOwner, attached: R): Promise<void>;
  /** Takes away what is left on the host when the instance, or what runs beside it, is down. Idempotent. */
  clear?(ports: DevicePorts, attached: R): Promise<void>;
  /** The link whose limits may change while it is attached, and what they are; null: there is none. */
  limits?(attached: R): LimitedLink | null;
  /** What `attach` has made inside. */
  inside(attached: R): InsidePart;
  /** The record with the `live` options as they are now; asks nobody. */
  changed(attached: R, options: StringMap): R;
  /** Puts the live options of the record into force on a running instance, which has those of `before`, or some of both. Idempotent. */
  update(ports: DevicePorts, owner: DeviceOwner, attached: R, before: R | undefined): Promise<void>;
  /** Volatile keys that show it while it is attached. */
  shown(attached: R): StringMap;
}
