import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let disk: string;
let daemon: TestDaemon;
const { TMPDIR } = process.env;

beforeAll(async () => {
  disk = mkdtempSync('/tmp/lxfull-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320m,mode=755', 'tmpfs', disk]);
  process.env.TMPDIR = disk;
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.launchInstance('f1');
});
afterAll(async () => {
  process.env.TMPDIR = TMPDIR ?? '/tmp';
  expect(await daemon.stop()).toEqual([]);
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

/** Until nothing more fits. */
function fill(): void {
  const file = openSync(join(disk, 'fill'), 'a');
  try {
    for (let size = 1024 * 1024; size >= 512; ) {
      try {
        if (writeSync(file, Buffer.alloc(size, 1)) < size) size /= 2;
      } catch {
        size /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}

it('a full disk is said by its name; what runs can be stopped and deleted all the same, and then all goes on', async () => {
  const { client } = daemon;
  // What a guest does to a host that does not limit it.
  fill();
  let refusal: Error | null = null;
  for (let n = 0; n < 400 && !refusal; n++) {
    fill();
    const profile = { name: `p${n}`, description: randomBytes(50_000).toString('hex'), config: {}, devices: {} };
    await client.api.send('POST', '/1.0/profiles', profile).catch((error: Error) => {
      refusal = error;
    });
    const create = client.instances.create({ name: `n${n}`, source: { type: 'none' } });
    await daemon.done(create).catch((error: Error) => {
      refusal ??= error;
    });
  }
  expect(String((refusal as Error | null)?.message)).toContain(`No space left on the disk of ${daemon.dir}`);
  await daemon.done(client.instances.setState('f1', { action: 'stop', timeout: 10, force: true }));
  await daemon.done(client.instances.delete('f1'));
  rmSync(join(disk, 'fill'));
  for (;;) {
    const again = await daemon.launchInstance('f2').then(
      () => null,
      (error: Error) => error,
    );
    if (!again) break;
    expect(again.message).toContain('No space left');
  }
  expect((await daemon.exec('f2', ['true'])).code).toBe(0);
});
