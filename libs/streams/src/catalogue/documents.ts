/** What of a simplestreams document is read here. Everything is a stranger's, and is looked at before it is used. */
type Fields = Readonly<Record<string, unknown>>;

/** null for anything but an object. */
export function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** Fields of a map of maps, those that are none left out. */
export function* entries(value: unknown): Generator<[key: string, value: Fields]> {
  for (const [key, each] of Object.entries(fields(value) ?? {})) {
    const found = fields(each);
    if (found) yield [key, found];
  }
}

/** Text without characters that a terminal obeys; '' for anything else. */
export function textOf(value: unknown, longest = 512): string {
  return typeof value === 'string' && value.length <= longest && /^[^\p{Cc}]*$/u.test(value) ? value : '';
}

export function hashOf(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : null;
}

/** A whole number of bytes; null for what no file has. */
export function sizeOf(value: unknown): number | null {
  const size = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof size === 'number' && Number.isSafeInteger(size) && size > 0 ? size : null;
}

/** A path below the server's own; null for one that leads elsewhere. */
export function pathOf(value: unknown): string | null {
  const text = textOf(value, 2048);
  const plain = text !== '' && !text.startsWith('/') && !/[\\?#%]/.test(text) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  return plain && !text.split('/').some((part) => part === '' || part === '.' || part === '..') ? text : null;
}

/** A day as `2029-05-31` or `20240423`, whatever follows; null for none. */
export function dayOf(value: unknown): Date | null {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(textOf(value)) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return year === undefined || Number.isNaN(date.getTime()) ? null : date;
}
