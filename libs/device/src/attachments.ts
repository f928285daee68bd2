import type { DeviceMap, StringMap } from '#lib/base';
import type { Networks } from '#lib/network';
import type { AttachedDevice, DeviceLife, DeviceOwner, LaunchPart } from './device-type.ts';
import { madeUpFor, typeOf } from './devices.ts';

/** What a start attaches, and the volatile keys it adds for what was made up. A type, because operations keep it as JSON. */
export type ChosenDevices = { attached: AttachedDevice[]; volatile: StringMap };

type Report = (message: string, cause: unknown) => void;

/**
 * The devices of instances that come up and go down. What is attached is recorded on the instance's row by whoever starts
 * it; taking down reads that record alone, whatever its profiles say by then.
 */
export class Attachments {
  readonly #networks: Networks;
  readonly #report: Report;

  constructor(networks: Networks, report: Report) {
    this.#networks = networks;
    this.#report = report;
  }

  /** Decides what attaching these devices needs and makes up what they lack; changes nothing. `devices`: expanded, checked. */
  choose(owner: DeviceOwner, devices: DeviceMap): ChosenDevices {
    const volatile = madeUpFor(devices, owner.volatile);
    const named = { ...owner, volatile: { ...owner.volatile, ...volatile } };
    const choose = ([device, options]: [string, StringMap]) => typeOf(options)?.life?.choose(named, device, options) ?? [];
    return { attached: Object.entries(devices).flatMap(choose), volatile };
  }

  /** Gives the devices' part of the launch plan. On failure nothing is left of it. */
  async attach(owner: DeviceOwner, { attached }: ChosenDevices): Promise<LaunchPart> {
    const ports = { networks: this.#networks };
    const done = await Promise.allSettled(attached.map((each) => lifeOf(each).attach(ports, owner, each)));
    const failed = done.find((each) => each.status === 'rejected');
    if (failed) {
      await this.detach(owner, attached);
      throw failed.reason;
    }
    return { links: done.flatMap((each) => (each.status === 'fulfilled' ? each.value.links : [])) };
  }

  /** A device that cannot be detached is told of and no more: the instance is down all the same. */
  async detach(owner: DeviceOwner, attached: readonly AttachedDevice[]): Promise<void> {
    await Promise.all(
      attached.map((each) =>
        lifeOf(each)
          .detach({ networks: this.#networks }, owner, each)
          .catch((error: unknown) => this.#report(`detaching ${each.device} of ${owner.name}`, error)),
      ),
    );
  }

  /** For a launch that was cut off before its record was written: frees what the networks hold of the instance. */
  async sweep(owner: DeviceOwner): Promise<void> {
    await this.#networks.sweep(owner.id).catch((error: unknown) => this.#report(`clearing up the network devices of ${owner.name}`, error));
  }

  /** The record with the live options of these devices, which the instance has by now. */
  changed(attached: readonly AttachedDevice[], devices: DeviceMap): AttachedDevice[] {
    return attached.map((each) => {
      const options = devices[each.device];
      return options?.type === each.type ? lifeOf(each).changed(each, options) : each;
    });
  }

  /** Puts the live options of these devices into force; gives the record as it is then. */
  async update(owner: DeviceOwner, attached: readonly AttachedDevice[], devices: DeviceMap): Promise<AttachedDevice[]> {
    const changed = this.changed(attached, devices);
    await Promise.all(changed.map((each) => lifeOf(each).update({ networks: this.#networks }, owner, each)));
    return changed;
  }
}

/** Volatile keys that show what is attached. */
export function shownOf(attached: readonly AttachedDevice[]): Record<string, string> {
  return Object.assign({}, ...attached.map((each) => lifeOf(each).shown(each)));
}

function lifeOf({ type }: AttachedDevice): DeviceLife {
  const life = typeOf({ type })?.life;
  if (!life) throw new TypeError(`a device of type ${type} cannot be attached`);
  return life;
}
