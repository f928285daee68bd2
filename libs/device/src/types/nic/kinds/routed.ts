import type { StringMap } from '#lib/base';
import { isTrue, readKey } from '#lib/contract';
import { nicOptions } from '../options.ts';
import { limitOptions, type NicKind } from './kind.ts';

const addressesOf = (options: StringMap) => readKey(nicOptions, options, 'ipv4.address') ?? [];

function twice(options: StringMap): string | undefined {
  const addresses = (options['ipv4.address'] ?? '').split(',').map((each) => each.trim());
  return addresses.find((address, at) => address !== '' && addresses.indexOf(address) !== at);
}

export const routed: NicKind = {
  options: [
    'parent',
    'host_name',
    'ipv4.address',
    'ipv4.gateway',
    'ipv4.host_address',
    'ipv4.host_table',
    'ipv4.neighbor_probe',
    'ipv4.routes',
    ...limitOptions,
  ],
  live: limitOptions,
  cable: true,
  problems: (options) => [
    [twice(options), `Duplicate address "${twice(options)}" in "ipv4.address"`],
    [options['ipv4.routes'] && !options['ipv4.address'], 'ipv4.routes requires ipv4.address to be set'],
    [
      isTrue(options['ipv4.neighbor_probe']),
      'option "ipv4.neighbor_probe" is not supported by this server: nobody is asked for the address',
    ],
  ],
  lacks: async ({ networks }, parent) =>
    (await networks.forwards(parent)) ? null : `Routed mode requires sysctl net.ipv4.conf.${parent}.forwarding=1`,
  link({ parent, hostName, limits }, options) {
    const addresses = addressesOf(options);
    const family = {
      hostAddress: options['ipv4.host_address'] || '169.254.0.1',
      gateway: options['ipv4.gateway'] !== 'none',
      hostTable: readKey(nicOptions, options, 'ipv4.host_table') ?? null,
      addresses,
      routes: readKey(nicOptions, options, 'ipv4.routes') ?? [],
    };
    return { kind: 'routed', hostName, parent, families: addresses.length > 0 ? [family] : [], limits };
  },
};
