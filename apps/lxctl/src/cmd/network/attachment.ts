import type { StringMap } from '#lib/base';
import { devicesOf, type DeviceNoun } from '../../noun/device.ts';
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
        const devices = devicesOf(body);
        if (devices[device]) throw new CommandError('The device already exists');
        devices[device] = { ...cardOn(network, managed, type), ...(inside === undefined ? {} : { name: inside }) };
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
        const devices = devicesOf(body);
        if (wanted !== undefined && !devices[wanted]) throw new CommandError("The specified device doesn't exist");
        const isOn = ([, { type, network: managed, parent }]: [string, StringMap]) =>
          type === 'nic' && (managed === network || parent === network);
        const found = Object.entries(devices).filter((entry) => isOn(entry) && (wanted === undefined || entry[0] === wanted));
        if (wanted !== undefined && found.length === 0) throw new CommandError("The specified device doesn't match the network");
        if (found.length > 1) throw new CommandError('More than one device matches, specify the device name');
        if (found[0] === undefined) throw new CommandError('No device found for this network');
        delete devices[found[0][0]];
      });
    },
  });
}
