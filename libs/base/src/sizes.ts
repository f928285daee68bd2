const prefixes: Record<string, bigint> = {
  k: 10n ** 3n,
  M: 10n ** 6n,
  G: 10n ** 9n,
  T: 10n ** 12n,
  P: 10n ** 15n,
  E: 10n ** 18n,
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};

/** What may stand behind a number: nothing, the unit, or the unit with a prefix. */
function unitsOf(unit: string): Record<string, bigint> {
  const prefixed = Object.entries(prefixes).map(([prefix, factor]) => [`${prefix}${unit}`, factor]);
  return { '': 1n, [unit]: 1n, ...(Object.fromEntries(prefixed) as Record<string, bigint>) };
}

const byteUnits = unitsOf('B');
const bitUnits = unitsOf('bit');

/** Largest byte count that is exact in a number. */
const largest = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Bytes of a size as LXD writes it: `512MiB`, `1GB`, `4096`. Whole numbers only, units are case-sensitive; null when
 * the text is no size or more than 2^53 - 1 bytes.
 */
export function parseBytes(text: string): number | null {
  return scaled(text, byteUnits);
}

function scaled(text: string, units: Record<string, bigint>): number | null {
  const [, digits, unit = ''] = /^(\d{1,19})([a-zA-Z]{0,5})$/.exec(text) ?? [];
  const factor = digits !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === undefined || factor === undefined) return null;
  const whole = BigInt(digits) * factor;
  return whole <= largest ? Number(whole) : null;
}

/** Bits of a number of them as LXD writes it: `100Mbit`, `1Gbit`, `9600`; null as for bytes. */
export function parseBits(text: string): number | null {
  return scaled(text, bitUnits);
}

/** The fraction (0..1) of a percentage such as `10%`; null when the text is none or outside 0..100. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3})%$/.exec(text);
  const percent = match ? Number(match[1]) : Number.NaN;
  return percent <= 100 ? percent / 100 : null;
}

/** Bytes of a size or of a share of `whole`. */
export function parseShare(text: string, whole: number): number | null {
  const share = parsePercent(text);
  return share === null ? parseBytes(text) : Math.floor(share * whole);
}

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.50GiB`, as LXD's client prints sizes. */
export function formatBytes(bytes: number, digits = 2): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value}B` : `${value.toFixed(digits)}${binaryUnits[unit]}`;
}
