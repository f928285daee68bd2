import { spawn } from 'node:child_process';
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

  it('refuses a place that a living daemon has', () => {
    const release = claimPidFile(path);
    expect(() => claimPidFile(path)).toThrow(`Another daemon (process ${process.pid}) already runs on this state directory.`);
    release();
    claimPidFile(path)();
  });

  it('does not take a process for the daemon because of its number or its command line', () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'dist/lxctld.mjs']);
    try {
      writeFileSync(path, `${other.pid}\n`);
      const release = claimPidFile(path);
      expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
      release();
    } finally {
      other.kill('SIGKILL');
    }
  });

  it.each(['1\n', '', 'rubbish', '999999999\n'])('takes over what nobody has any more: %j', (content) => {
    writeFileSync(path, content);
    const release = claimPidFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    release();
  });
});
