import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from '../harness/daemon.ts';
import { packUnified } from './image-files.ts';

/** Debian's python3-pylxd, unchanged, with LXD_DIR pointing at our state directory. What it does is in pylxd-steps.py. */

const python = '/usr/bin/python3';
const installed = existsSync('/usr/lib/python3/dist-packages/pylxd');
let daemon: TestDaemon;
let home: string;

async function step(name: string, ...args: string[]): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: home, LXD_DIR: daemon.dir };
  await promisify(execFile)(python, [join(import.meta.dirname, 'pylxd-steps.py'), name, ...args], { env, timeout: 60_000 });
}

describe.skipIf(!installed)('python3-pylxd (skipped where the Debian package is not installed)', () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pylxd-home-'));
    daemon = await TestDaemon.start();
    await daemon.buildImage('busybox');
  });

  afterAll(async () => {
    expect(await daemon.stop()).toEqual([]);
    await rm(home, { recursive: true, force: true });
  });

  it('reads what the server is', () => step('server'));
  it('creates, starts, changes, freezes and restarts', () => step('life'));
  it('runs commands with input, output, errors and exit codes', () => step('execute'));
  it('takes snapshots, goes back to one, renames and deletes them', () => step('snapshots'));
  it('writes, reads and deletes files', async () => {
    await mkdir(join(home, 'small'));
    await writeFile(join(home, 'small/metadata.yaml'), 'architecture: x86_64\n');
    await step('files', join(home, 'small'));
  });
  it('is told what this server does not have', () => step('absent'));
  it('stops, renames and deletes', () => step('end'));
  it('imports an image without a content type, exports it, and knows aliases', async () => {
    await step('images', await packUnified(home));
  });
  it('keeps profiles', () => step('profiles'));
  it('keeps networks', () => step('networks'));
  it('keeps storage pools', () => step('pools'));
  it('follows operations and finds nothing where nothing is', () => step('operations'));
});
