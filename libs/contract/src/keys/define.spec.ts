import { describe, expect, it } from 'vitest';
import { configValue, defineKeys, keyRow, validateConfig } from './define.ts';
import { anyOf, bool, bytes, integer, listOf, macAddress, oneOf, percent, text } from './types.ts';

const keys = defineKeys('test', {
  'limits.memory': { type: anyOf(bytes, percent), doc: 'memory', live: true },
  'limits.processes': { type: integer({ min: 1 }), doc: 'processes', live: true },
  'boot.autostart': { type: bool, doc: 'autostart', live: false, default: 'false' },
  'user.*': { type: text, doc: 'free', live: true },
});

describe('config keys', () => {
  it('names every problem', () => {
    const problems = validateConfig(keys, { 'limits.memory': 'banana', 'limits.processes': '0', nope: '1', 'user.': 'x', 'user.*': 'x' });
    expect(problems).toEqual([
      'Invalid value "banana" for key "limits.memory": it must be a number of bytes such as 512MiB, or a percentage such as 10%',
      'Invalid value "0" for key "limits.processes": it must be a whole number from 1',
      'Unknown configuration key: nope',
      'Unknown configuration key: user.',
    ]);
  });

  it('takes good values, empty ones and prefixed keys', () => {
    expect(validateConfig(keys, { 'limits.memory': '10%', 'boot.autostart': 'True', 'limits.processes': '', 'user.a.b': 'c' })).toEqual([]);
  });

  it('is not fooled by names of Object.prototype', () => {
    expect(keyRow(keys, 'constructor')).toBeNull();
    expect(keyRow(keys, 'toString')).toBeNull();
  });

  it('falls back to the default', () => {
    expect(configValue(keys, {}, 'boot.autostart')).toBe('false');
    expect(configValue(keys, { 'boot.autostart': 'true' }, 'boot.autostart')).toBe('true');
    expect(configValue(keys, {}, 'limits.memory')).toBeUndefined();
  });

  it('knows lists, choices and addresses', () => {
    expect(listOf(integer()).accepts('1, 2,3')).toBe(true);
    expect(listOf(integer()).accepts('1,,3')).toBe(false);
    expect(oneOf('a', 'b').accepts('c')).toBe(false);
    expect(macAddress.accepts('00:16:3e:aa:bb:cc')).toBe(true);
    expect(macAddress.accepts('00:16:3e:aa:bb')).toBe(false);
  });
});
