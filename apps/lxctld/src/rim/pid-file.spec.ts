import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimPidFile } from './pid-file.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/pid-');
  path = join(directory, 'lxctld.pid');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('claimPidFile', () => {
  it('writes the number and gives the place back', () => {
    const release = claimPidFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    release();
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a place that a daemon has', () => {
    writeFileSync(path, '1\n');
    expect(() => claimPidFile(path, () => true)).toThrow('Another daemon (process 1) already runs on this state directory.');
    expect(readFileSync(path, 'utf8')).toBe('1\n');
  });

  it.each(['1\n', '', 'rubbish', '999999999\n'])('takes over what nobody has any more: %j', (content) => {
    writeFileSync(path, content);
    claimPidFile(path, () => false);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  });
});
