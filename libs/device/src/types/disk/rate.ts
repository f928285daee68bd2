import { parseBytes } from '#lib/base';

/** A rate: bytes a second, or operations a second as `100iops`; null when it is neither. */
export function parseRate(text: string): { bytes: number } | { operations: number } | null {
  const [, operations] = /^(\d{1,15})iops$/.exec(text) ?? [];
  if (operations !== undefined) return { operations: Number(operations) };
  const bytes = parseBytes(text);
  return bytes === null ? null : { bytes };
}
