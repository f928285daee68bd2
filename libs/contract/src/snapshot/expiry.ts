/** LXD's zero time on the wire: never. */
export const never = '0001-01-01T00:00:00Z';

/** A time of the wire: null for never, undefined for what is none. */
export function readExpiry(text: string): Date | null | undefined {
  if (text === '') return null;
  if (!/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return undefined;
  return at.getTime() <= Date.parse(never) ? null : at;
}

/** The problem of a text that is none. */
export const badExpiry = (text: string | null) => `Invalid expiry date: ${JSON.stringify(text)}`;

export function expiryText(at: Date | null): string {
  return at === null ? never : at.toISOString();
}
