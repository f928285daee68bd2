import type { WireInstanceFull } from '#lib/contract';

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
  if (shorthand) return value.split(',').some((wanted) => shorthand(instance, wanted));
  const entry = Object.entries(instance.expanded_config).filter(([known]) => abbreviates(key, known));
  return entry.some(([, found]) => found === value || expression(`^(?:${value})$`)?.test(found));
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

const shorthands: Record<string, (instance: WireInstanceFull, wanted: string) => boolean> = {
  type: ({ type }, wanted) => same(type, wanted),
  status: ({ status }, wanted) => same(status, wanted),
  architecture: ({ architecture }, wanted) => same(architecture, wanted),
  location: ({ location }, wanted) => same(location, wanted),
  ipv4: (instance, wanted) => hasAddress(instance, 'inet', wanted),
  ipv6: (instance, wanted) => hasAddress(instance, 'inet6', wanted),
};

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function hasAddress({ state }: WireInstanceFull, family: string, wanted: string): boolean {
  const all = Object.values(state?.network ?? {}).flatMap(({ addresses }) => addresses.filter((address) => address.family === family));
  const [network = '', length] = wanted.split('/');
  return all.some(({ address }) => (length === undefined ? same(address, network) : sharesPrefix(address, network, Number(length))));
}

function sharesPrefix(address: string, network: string, length: number): boolean {
  const [a, b] = [bits(address), bits(network)];
  return a !== null && b !== null && a.length === b.length && a.slice(0, length) === b.slice(0, length);
}

/** An address as a string of 32 or 128 zeros and ones; null when it is none. */
function bits(address: string): string | null {
  if (/^\d+(\.\d+){3}$/.test(address))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head, tail, more] = address.split('::');
  if (head === undefined || more !== undefined || !/^[0-9a-f:]*$/i.test(address)) return null;
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 0) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function expression(source: string): RegExp | null {
  try {
    return new RegExp(source);
  } catch {
    return null;
  }
}
