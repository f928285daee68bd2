import ipaddr from 'ipaddr.js';
import type { WireInstanceFull } from '#lib/contract';
import { UsageError } from '../../../run/verb.ts';

/** Whether an instance satisfies every filter; see the help of `list` for their forms. */
export function matches(instance: WireInstanceFull, filters: readonly string[]): boolean {
  return filters.every((filter) => matchesOne(instance, filter));
}

function matchesOne(instance: WireInstanceFull, filter: string): boolean {
  const at = filter.indexOf('=');
  if (at < 0) return matchesName(instance.name, filter);
  const key = filter.slice(0, at);
  const value = filter.slice(at + 1);
  const shorthand = Object.hasOwn(shorthands, key) ? shorthands[key] : undefined;
  const whole = Object.hasOwn(wholes, key) ? wholes[key] : undefined;
  if ((shorthand || whole) && value === '') throw new UsageError(`The filter "${filter}" has no value`);
  if (whole) return expression(`^(?:${value})$`, 'i')?.test(whole(instance)) ?? false;
  if (shorthand) return value.split(',').some((wanted) => shorthand(instance, wanted));
  // A key that is not set has the empty value.
  if ((instance.expanded_config[key] ?? '') === value) return true;
  const entries = Object.entries(instance.expanded_config).filter(([known]) => abbreviates(key, known));
  return entries.some(([, found]) => expression(`^(?:${value})$`)?.test(found));
}

/** A beginning of the name, or an expression that fits the whole of it. */
function matchesName(name: string, filter: string): boolean {
  if (name.startsWith(filter)) return true;
  return expression(`^(?:${filter})$`)?.test(name) ?? false;
}

/** `s.privileged` stands for `security.privileged`. */
function abbreviates(short: string, key: string): boolean {
  const wanted = short.split('.');
  const parts = key.split('.');
  return (
    wanted.length === parts.length &&
    wanted.every((part, at) => (at === wanted.length - 1 ? parts[at] === part : parts[at]?.startsWith(part)))
  );
}

/** What an expression must fit as a whole, in whichever case. */
const wholes: Record<string, (instance: WireInstanceFull) => string> = {
  name: ({ name }) => name,
  description: ({ description }) => description,
};

const shorthands: Record<string, (instance: WireInstanceFull, wanted: string) => boolean> = {
  type: ({ type }, wanted) => same(type, wanted),
  status: ({ status }, wanted) => same(status, wanted),
  architecture: ({ architecture }, wanted) => same(architecture, wanted),
  location: ({ location }, wanted) => same(location, wanted),
  project: ({ project }, wanted) => same(project, wanted),
  ipv4: (instance, wanted) => hasAddress(instance, 'inet', wanted),
  ipv6: (instance, wanted) => hasAddress(instance, 'inet6', wanted),
};

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function hasAddress({ state }: WireInstanceFull, family: 'inet' | 'inet6', wanted: string): boolean {
  const network = networkOf(wanted);
  if (network === null) return false;
  const all = Object.values(state?.network ?? {}).flatMap(({ addresses }) => addresses);
  return all.some((address) => address.family === family && belongs(address.address, network));
}

/** `10.0.0.0/24`, or an address alone as the network of that one. */
function networkOf(text: string): Network | null {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.parse(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return null;
  }
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

function belongs(text: string, network: Network): boolean {
  const address = ipaddr.parse(text);
  return address.kind() === network[0].kind() && address.match(network);
}

function expression(source: string, flags = ''): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}
