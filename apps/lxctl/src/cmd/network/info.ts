import { print } from '../../output/print.ts';
import { decimalBytes } from '../../output/units.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<network>',
  flags: {},
  async run({ args, client, io }) {
    const name = localName(args[0], 'network');
    const { addresses, bridge, counters, hwaddr, mtu, state, type } = await client.networks.state(name);
    const lines = [
      `Name: ${name}`,
      `MAC address: ${hwaddr}`,
      `MTU: ${mtu}`,
      `State: ${state}`,
      `Type: ${type}`,
      '',
      'IP addresses:',
      ...addresses.map(({ family, address, netmask, scope }) => `  ${family}\t${address}/${netmask} (${scope})`),
      '',
      'Network usage:',
      `  Bytes received: ${decimalBytes(counters.bytes_received)}`,
      `  Bytes sent: ${decimalBytes(counters.bytes_sent)}`,
      `  Packets received: ${counters.packets_received}`,
      `  Packets sent: ${counters.packets_sent}`,
      ...(bridge
        ? [
            '',
            'Bridge:',
            `  ID: ${bridge.id}`,
            `  STP: ${bridge.stp}`,
            `  Forward delay: ${bridge.forward_delay}`,
            `  Default VLAN ID: ${bridge.vlan_default}`,
            `  VLAN filtering: ${bridge.vlan_filtering}`,
            `  Upper devices: ${bridge.upper_devices.join(', ')}`,
          ]
        : []),
    ];
    print(io, lines.join('\n'));
  },
});
