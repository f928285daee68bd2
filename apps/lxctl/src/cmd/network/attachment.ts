import type { StringMap } from '#lib/base';
import { devicesOf, type DeviceNoun, putDevice, takeDevice } from '../../noun/device.ts';
import { change } from '../../noun/subject.ts';
import { localName } from '../../run/name.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';

/** An instance or a profile gets a network card on a network. */
export function attachNetwork({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<network> <name> [device] [interface]',
    usage: `<network> <${word}> [<device>] [<interface>]`,
    details: 'Without a name the device has that of the network. The interface is the name inside.',
    examples: [`lxctl network attach${word === 'profile' ? '-profile' : ''} lxctlbr0 NAME eth1`],
    flags: {},
    async run(call) {
      const [typed, name, given, inside] = call.args;
      const network = localName(typed, 'network');
      const device = given ?? network;
      const { managed, type } = (await call.client.networks.get(network)) as { managed: boolean; type: string };
      await change(subject(call, name), (body) => {
        putDevice(body, device, { ...cardOn(network, managed, type), ...(inside === undefined ? {} : { name: inside }) });
      });
    },
  });
}

/** An interface of the host that is no bridge is what a card of its own is made of. */
function cardOn(network: string, managed: boolean, type: string): StringMap {
  if (managed) return { type: 'nic', network };
  return { type: 'nic', nictype: type === 'bridge' ? 'bridged' : 'macvlan', parent: network };
}

export function detachNetwork({ word, subject }: DeviceNoun) {
  return defineVerb({
    args: '<network> <name> [device]',
    usage: `<network> <${word}> [<device>]`,
    flags: {},
    async run(call) {
      const [typed, name, wanted] = call.args;
      const network = localName(typed, 'network');
      await change(subject(call, name), (body) => {
        const isOn = (options: StringMap) => options.type === 'nic' && (options.network === network || options.parent === network);
        if (wanted !== undefined) {
          const options = devicesOf(body)[wanted];
          if (!options) throw new CommandError("The specified device doesn't exist");
          if (!isOn(options)) throw new CommandError("The specified device doesn't match the network");
        }
        takeDevice(body, isOn, wanted, 'network');
      });
    },
  });
}
