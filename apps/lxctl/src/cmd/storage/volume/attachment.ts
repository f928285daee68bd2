import type { StringMap } from '#lib/base';
import { print } from '../../../output/print.ts';
import { type DeviceNoun, putDevice, takeDevice } from '../../../noun/device.ts';
import { change } from '../../../noun/subject.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

/** A custom volume becomes a device of an instance or a profile. One word after its name is the path. */
export function attachVolume({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<pool> <volume> <name> [device] [target]',
    usage: `<pool> <volume> <${word}> [<device>] [<path>]`,
    details: 'Without a name the device has that of the volume.',
    examples: [`lxctl storage volume attach${word === 'profile' ? '-profile' : ''} default data NAME /srv/data`],
    flags: {},
    async run(call) {
      const [typedPool, typed, name, ...rest] = call.args;
      const pool = localName(typedPool, 'storage pool');
      const source = customName(typed);
      const [path = '', device = source] = rest.filter((each) => each !== undefined).toReversed();
      await change(subject(call, name), (body) => {
        putDevice(body, device, { type: 'disk', pool, source, path });
      });
      if (!call.config.quiet) print(call.io, `Device ${device} added to ${name}`);
    },
  });
}

export function detachVolume({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<pool> <volume> <name> [device]',
    usage: `<pool> <volume> <${word}> [<device>]`,
    flags: {},
    async run(call) {
      const [typedPool, typed, name, wanted] = call.args;
      const pool = localName(typedPool, 'storage pool');
      const source = customName(typed);
      let gone = '';
      await change(subject(call, name), (body) => {
        const isIt = (options: StringMap) => options.type === 'disk' && options.pool === pool && options.source === source;
        gone = takeDevice(body, isIt, wanted, 'storage volume');
      });
      if (!call.config.quiet) print(call.io, `Device ${gone} removed from ${name}`);
    },
  });
}
