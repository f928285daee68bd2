import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LinuxKernelModules } from './kernel-modules.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'lxctl-modules-'));
  await mkdir(join(place, 'br_netfilter'));
});
afterEach(() => rm(place, { recursive: true }));

/** A modprobe that writes down what it is asked for. */
async function modprobe(end: string): Promise<LinuxKernelModules> {
  const path = join(place, 'modprobe');
  await writeFile(path, `#!/bin/sh\necho "$@" >> ${place}/asked\n${end}\n`);
  await chmod(path, 0o755);
  return new LinuxKernelModules({ loaded: place, modprobe: path });
}
const asked = () => readFile(join(place, 'asked'), 'utf8').catch(() => '');

it('loads what is not there, and nothing else', async () => {
  await (await modprobe('exit 0')).load(['br-netfilter', 'nf_nat', 'overlay']);
  expect(await asked()).toBe('-- nf_nat\n-- overlay\n');
});

it('says which one cannot be had, and why', async () => {
  const modules = await modprobe('echo "modprobe: FATAL: Module nope not found in directory /lib/modules/6" >&2; exit 1');
  await expect(modules.load(['nope', 'never'])).rejects.toMatchObject({
    code: 'host.module',
    message: 'Failed to load kernel module "nope": modprobe: FATAL: Module nope not found in directory /lib/modules/6',
  });
  expect(await asked()).toBe('-- nope\n');
  const none = new LinuxKernelModules({ loaded: place, modprobe: join(place, 'none/modprobe') });
  await expect(none.load(['nope'])).rejects.toThrow('Failed to load kernel module "nope": This needs the program');
  await none.load(['br_netfilter']);
});
