import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap, StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { isErrno, type Keeper } from '#lib/host';
import type { Networks } from '#lib/network';
import type { AttachedDevice, DeviceLife, DeviceOwner, DevicePorts, LaunchPart, LimitedLink } from './device-type.ts';
import { Waiting } from './waiting.ts';
import { linkReason } from './link-refusal.ts';
import { fixedOptions, madeUpFor, typeOf } from './devices.ts';

/** What a start attaches, and the volatile keys it adds for what was made up. A type, because operations keep it as JSON. */
export type ChosenDevices = { attached: AttachedDevice[]; volatile: StringMap };

/** What a running instance loses and gets; one that changes does both. Of JSON, for operations keep it. */
export type DeviceChange = { leave: AttachedDevice[]; come: AttachedDevice[] };

/** Of a running instance, as far as devices come and go. */
type Inside = Pick<Keeper, 'mount' | 'unmount' | 'plug' | 'unplug' | 'limit' | 'startProxy' | 'endProxy'>;

type Report = (message: string, cause: unknown) => void;

/**
 * The devices of instances that come up and go down. What is attached is recorded on the instance's row by whoever starts
 * it; taking down reads that record alone, whatever its profiles say by then.
 */
export class Attachments {
  readonly #ports: DevicePorts & { networks: Pick<Networks, 'sweep'> };
  readonly #report: Report;
  /** Devices of running instances that the host may get or lose. */
  readonly waiting = new Waiting();

  constructor(ports: DevicePorts & { networks: Pick<Networks, 'sweep'> }, report: Report) {
    this.#ports = ports;
    this.#report = report;
  }

  /** Decides what attaching these devices needs and makes up what they lack; changes nothing. `devices`: expanded, checked. */
  async choose(owner: DeviceOwner, devices: DeviceMap): Promise<ChosenDevices> {
    const volatile = madeUpFor(devices, owner.volatile);
    const named = { ...owner, volatile: { ...owner.volatile, ...volatile } };
    const choose = async ([device, options]: [string, StringMap]) => {
      const life = typeOf(options)?.life;
      const chosen = life?.choose(named, device, options);
      if (!life || !chosen) return [];
      const found = life.find ? { found: await life.find(this.#ports, options) } : {};
      return [{ ...chosen, ...found, options: fixedOptions(options) } as AttachedDevice];
    };
    return { attached: (await Promise.all(Object.entries(devices).map(choose))).flat(), volatile };
  }

  /** Gives the devices' part of the launch plan. On failure nothing is left of it. */
  async attach(owner: DeviceOwner, { attached }: Pick<ChosenDevices, 'attached'>): Promise<Required<LaunchPart>> {
    const done = await Promise.allSettled(attached.map((each) => lifeOf(each).attach(this.#ports, owner, each)));
    const failed = done.find((each) => each.status === 'rejected');
    if (failed) {
      await this.detach(owner, attached);
      throw failed.reason;
    }
    for (const each of attached) this.hold(owner, each);
    const parts = done.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    // What lies below the place of another comes after it.
    const mounts = parts.flatMap((part) => part.mounts ?? []).sort((a, b) => (a.target < b.target ? -1 : 1));
    return { links: parts.flatMap((part) => part.links ?? []), mounts, bounded: parts.some((part) => part.bounded) };
  }

  /** Has what this device of a running instance waits for looked out for, until it is detached. */
  hold({ id }: Pick<DeviceOwner, 'id'>, attached: AttachedDevice): void {
    const awaited = lifeOf(attached).awaits?.(attached);
    if (awaited) this.waiting.add(id, attached.device, awaited);
  }

  /** A device that cannot be detached is told of and no more: the instance is down all the same. */
  async detach(owner: DeviceOwner, attached: readonly AttachedDevice[]): Promise<void> {
    for (const { device } of attached) this.waiting.remove(owner.id, device);
    await Promise.all(
      attached.map((each) =>
        lifeOf(each)
          .detach(this.#ports, owner, each)
          .catch((error: unknown) => this.#report(`detaching ${each.device} of ${owner.name}`, error)),
      ),
    );
  }

  /** For a launch that was cut off before its record was written: frees what the networks hold of the instance. */
  async sweep(owner: DeviceOwner): Promise<void> {
    this.waiting.remove(owner.id);
    const { networks, deviceRules } = this.#ports;
    for (const part of [networks, deviceRules])
      await part.sweep(owner.id).catch((error: unknown) => this.#report(`clearing up the network devices of ${owner.name}`, error));
  }

  /** What has to come and to go for a running instance to have these devices. Changes nothing. */
  async difference(owner: DeviceOwner, attached: readonly AttachedDevice[], devices: DeviceMap): Promise<DeviceChange> {
    const wanted = (await this.choose(owner, devices)).attached;
    const same = (one: AttachedDevice, other: AttachedDevice) =>
      one.device === other.device && isDeepStrictEqual(one.options, other.options) && isSameFind(one, other);
    return {
      leave: attached.filter((each) => !wanted.some((other) => same(each, other))),
      come: wanted.filter((each) => !attached.some((other) => same(each, other))),
    };
  }

  /** Attaches devices to a running instance, which must not have them. On failure some of them may be left: `unplug` them. */
  async plug(inside: Inside, owner: DeviceOwner, attached: readonly AttachedDevice[]): Promise<void> {
    for (const each of attached) {
      const { links, mounts } = await this.attach(owner, { attached: [each] });
      for (const link of links) await inside.plug(link).catch(refusedBy(each, 'start'));
      for (const mount of mounts) await inside.mount(mount).catch(refusedBy(each, 'start'));
      await this.accompany(inside, [each]);
    }
  }

  /** Starts what runs beside an instance that is up, and is not there yet. */
  async accompany(inside: Pick<Inside, 'startProxy'>, attached: readonly AttachedDevice[]): Promise<void> {
    for (const each of attached) {
      const proxy = lifeOf(each).beside?.(each);
      if (proxy)
        await inside.startProxy(proxy).catch((error: unknown) => (isErrno(error, 'EEXIST') ? undefined : refusedBy(each, 'start')(error)));
    }
  }

  /** Takes devices from a running instance. Idempotent. */
  async unplug(inside: Inside, owner: DeviceOwner, attached: readonly AttachedDevice[]): Promise<void> {
    // The other way round, for one may lie on another.
    for (const each of attached.toReversed()) {
      const { links = [], mounts = [] } = lifeOf(each).inside(each);
      const proxy = lifeOf(each).beside?.(each);
      if (proxy) await inside.endProxy(proxy.name).catch(refusedBy(each, 'stop'));
      for (const name of links) await inside.unplug(name).catch(refusedBy(each, 'stop'));
      for (const { target, remove } of mounts) await inside.unmount(target, remove).catch(refusedBy(each, 'stop'));
    }
    await this.detach(owner, attached);
    await this.clear(owner, attached);
  }

  /** Takes away what these devices have left on the host, once the instance is down. */
  async clear(owner: DeviceOwner, attached: readonly AttachedDevice[]): Promise<void> {
    for (const each of attached)
      await lifeOf(each)
        .clear?.(this.#ports, each)
        .catch((error: unknown) => this.#report(`clearing up behind ${each.device} of ${owner.name}`, error));
  }

  /** The record with the live options of these devices, which the instance has by now. */
  changed(attached: readonly AttachedDevice[], devices: DeviceMap): AttachedDevice[] {
    return attached.map((each) => {
      const options = devices[each.device];
      return options?.type === each.type ? lifeOf(each).changed(each, options) : each;
    });
  }

  /** Puts the live options of `to` into force on a running instance, which has those of `from` by now, or some of both. */
  async update(inside: Inside, owner: DeviceOwner, from: readonly AttachedDevice[], to: readonly AttachedDevice[]): Promise<void> {
    const beforeOf = ({ device, type }: AttachedDevice) => from.find((each) => each.device === device && each.type === type);
    await Promise.all(to.map((each) => lifeOf(each).update(this.#ports, owner, each, beforeOf(each))));
    for (const each of to) {
      const before = beforeOf(each);
      const had = before && lifeOf(before).limits?.(before);
      const has = lifeOf(each).limits?.(each);
      if (has && !isDeepStrictEqual(had?.limits, has.limits)) await limit(inside, each, has);
    }
  }
}

async function limit(inside: Pick<Inside, 'limit'>, attached: AttachedDevice, { name, limits }: LimitedLink): Promise<void> {
  try {
    await inside.limit(name, limits);
  } catch (error) {
    // A keeper that is too old to limit anything has no limits to take off.
    if (limits.in || limits.out || !isErrno(error, 'ENOSYS')) refusedBy(attached, 'change')(error);
  }
}

/** What does not wait for its nodes keeps those that it has. */
function isSameFind(one: AttachedDevice, other: AttachedDevice): boolean {
  return !lifeOf(one).awaits?.(one) || isDeepStrictEqual(one.found, other.found);
}

/** Volatile keys that show what is attached. */
export function shownOf(attached: readonly AttachedDevice[]): Record<string, string> {
  return Object.assign({}, ...attached.map((each) => lifeOf(each).shown(each)));
}

/** The same keys, gone. */
export function hiddenOf(attached: readonly AttachedDevice[]): Record<string, null> {
  return Object.fromEntries(Object.keys(shownOf(attached)).map((key) => [key, null]));
}

const refusals = { start: 'device.not_started', stop: 'device.not_stopped', change: 'device.not_changed' } as const;

function refusedBy(attached: AttachedDevice, what: keyof typeof refusals): (error: unknown) => never {
  const { device } = attached;
  return (error) => {
    throw new LxError(refusals[what], { device, reason: reasonOf(error, attached) }, { cause: error });
  };
}

function reasonOf(error: unknown, attached: AttachedDevice): string {
  // One does not know the message, or a kind of link in it.
  if (isErrno(error, 'ENOSYS') || (error instanceof Error && 'stage' in error && error.stage === 'request'))
    return 'the instance was started by an earlier version of this server: restart it';
  if (!(error instanceof Error)) return String(error);
  if (!('stage' in error) || error.stage !== 'links') return error.message;
  const { stage, code, syscall, path = '' } = error as Error & { stage: 'links'; code: string; syscall: string; path?: string };
  return linkReason({ stage, syscall, errno: code, path }, attached);
}

function lifeOf({ type }: AttachedDevice): DeviceLife {
  const life = typeOf({ type })?.life;
  if (!life) throw new TypeError(`a device of type ${type} cannot be attached`);
  return life;
}
