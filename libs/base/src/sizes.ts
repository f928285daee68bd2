const factors: Record<string, bigint> = {
  '': 1n,
  B: 1n,
  kB: 10n ** 3n,
  MB: 10n ** 6n,
  GB: 10n ** 9n,
  TB: 10n ** 12n,
  PB: 10n ** 15n,
  EB: 10n ** 18n,
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
  PiB: 2n ** 50n,
  EiB: 2n ** 60n,
};

/** Largest byte count that is exact in a number. */
const largest = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Bytes of a size as LXD writes it: `512MiB`, `1GB`, `4096`. Whole numbers only, units are case-sensitive; null when
 * the text is no size or more than 2^53 - 1 bytes.
 */
export function parseBytes(text: string): number | null {
  return scaled(text, factors);
}

function scaled(text: string, units: Record<string, bigint>): number | null {
  const [, digits, unit = ''] = /^(\d{1,19})([a-zA-Z]{0,5})$/.exec(text) ?? [];
  const factor = digits !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === undefined || factor === undefined) return null;
  const whole = BigInt(digits) * factor;
  return whole <= largest ? Number(whole) : null;
}

const bitFactors: Record<string, bigint> = {
  '': 1n,
  bit: 1n,
  kbit: 10n ** 3n,
  Mbit: 10n ** 6n,
  Gbit: 10n ** 9n,
  Tbit: 10n ** 12n,
  Pbit: 10n ** 15n,
  Ebit: 10n ** 18n,
  Kibit: 2n ** 10n,
  Mibit: 2n ** 20n,
  Gibit: 2n ** 30n,
  Tibit: 2n ** 40n,
  Pibit: 2n ** 50n,
  Eibit: 2n ** 60n,
};

/** Bits of a number of them as LXD writes it: `100Mbit`, `1Gbit`, `9600`; null as for bytes. */
export function parseBits(text: string): number | null {
  return scaled(text, bitFactors);
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
