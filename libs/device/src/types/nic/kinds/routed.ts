import type { StringMap } from '#lib/base';
import { formatIpv6, isTrue, parseIpv6, readKey } from '#lib/contract';
import type { RoutedFamily } from '#lib/host';
import { nicOptions } from '../options.ts';
import { limitOptions, type NicKind } from './kind.ts';

const families = ['ipv4', 'ipv6'] as const;
type Family = (typeof families)[number];

/** The host's end, where the card says nothing else: addresses that no network has. */
const hostAddresses = { ipv4: '169.254.0.1', ipv6: 'fe80::1' } as const;
const settings = ['address', 'gateway', 'host_address', 'host_table', 'neighbor_probe', 'routes'];

function addressesOf(options: StringMap, family: Family): string[] {
  const given = readKey(nicOptions, options, `${family}.address`);
  return given === 'none' || given === undefined ? [] : given;
}

/** An address that is listed twice, in whichever spelling. */
function twice(options: StringMap, family: Family): string | undefined {
  const plain = (address: string) => formatIpv6(parseIpv6(address) ?? 0n);
  const given = (options[`${family}.address`] ?? '').split(',').map((each) => each.trim());
  const written = family === 'ipv6' ? given.map(plain) : given;
  return given.find((address, at) => address !== '' && written.indexOf(written[at] ?? '') !== at);
}

function familyProblems(options: StringMap, family: Family) {
  const address = twice(options, family);
  return [
    [address, `Duplicate address "${address}" in "${family}.address"`],
    [options[`${family}.address`] === 'none', `Invalid value for device option "${family}.address": it must be a list of addresses`],
    [options[`${family}.routes`] && !options[`${family}.address`], `${family}.routes requires ${family}.address to be set`],
    [
      isTrue(options[`${family}.neighbor_probe`]),
      `option "${family}.neighbor_probe" is not supported by this server: nobody is asked for the address`,
    ],
  ] as const;
}

/** Settings of the kernel that a card needs, with dots as sysctl(8) has them: the host's administrator decides about them. */
function needed(options: StringMap, parent: string | null): { path: string; setting: string }[] {
  const of = (path: string, link: string) => ({
    path: path.replace('*', link),
    setting: `net.${path.replaceAll('/', '.').replace('*', link)}`,
  });
  const ipv6 = options['ipv6.address'];
  return [
    ...(parent ? [of('ipv4/conf/*/forwarding', parent)] : []),
    ...(ipv6 ? [of('ipv6/conf/*/forwarding', 'all')] : []),
    ...(ipv6 && parent ? [of('ipv6/conf/*/forwarding', parent), of('ipv6/conf/*/proxy_ndp', parent)] : []),
  ];
}

function familyOf(options: StringMap, family: Family): RoutedFamily[] {
  const addresses = addressesOf(options, family);
  if (addresses.length === 0) return [];
  return [
    {
      hostAddress: options[`${family}.host_address`] || hostAddresses[family],
      gateway: options[`${family}.gateway`] !== 'none',
      hostTable: readKey(nicOptions, options, `${family}.host_table`) ?? null,
      addresses,
      routes: readKey(nicOptions, options, `${family}.routes`) ?? [],
    },
  ];
}

export const routed: NicKind = {
  options: ['parent', 'host_name', ...families.flatMap((family) => settings.map((each) => `${family}.${each}`)), ...limitOptions],
  live: limitOptions,
  cable: true,
  problems: (options) => families.flatMap((family) => familyProblems(options, family)),
  async lacks({ networks }, parent, options) {
    for (const { path, setting } of needed(options, parent))
      if (!(await networks.isOn(path))) return `Routed mode requires sysctl ${setting}=1`;
    return null;
  },
  async prepare({ deviceRules }, options) {
    if (options['ipv6.address']) await deviceRules.guardRouted();
  },
  link: ({ parent, hostName, limits }, options) => ({
    kind: 'routed',
    hostName,
    parent,
    families: families.flatMap((family) => familyOf(options, family)),
    limits,
  }),
};
