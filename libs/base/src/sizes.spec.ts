import { describe, expect, it } from 'vitest';
import { formatBytes, parseBits, parseBytes, parsePercent, parseShare } from './sizes.ts';

describe('sizes', () => {
  it('reads decimal and binary units', () => {
    expect(parseBytes('512MiB')).toBe(536_870_912);
    expect(parseBytes('1GB')).toBe(1_000_000_000);
    expect(parseBytes('4096')).toBe(4096);
    expect(parseBytes('10kB')).toBe(10_000);
    expect(parseBytes('0')).toBe(0);
  });

  it.each(['', 'banana', '1.5GB', '-1', '1 GB', 'MiB', '1gb', '1e3', '99999999EiB', '1constructor'])('refuses %j', (text) => {
    expect(parseBytes(text)).toBeNull();
  });

  it('reads bits', () => {
    expect(parseBits('100Mbit')).toBe(100_000_000);
    expect(parseBits('1Kibit')).toBe(1024);
    expect(parseBits('9600')).toBe(9600);
    for (const text of ['', '1MB', '1mbit', '1 Mbit', '-1bit', '99999999Ebit']) expect(parseBits(text)).toBeNull();
  });

  it('reads shares', () => {
    expect(parsePercent('10%')).toBe(0.1);
    expect(parsePercent('101%')).toBeNull();
    expect(parseShare('50%', 1000)).toBe(500);
    expect(parseShare('1kB', 10)).toBe(1000);
    expect(parseShare('x', 10)).toBeNull();
  });

  it('prints binary units', () => {
    expect(formatBytes(512)).toBe('512B');
    expect(formatBytes(1536)).toBe('1.50KiB');
    expect(formatBytes(1024 ** 3)).toBe('1.00GiB');
  });
});
