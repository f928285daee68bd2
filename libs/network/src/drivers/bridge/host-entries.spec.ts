import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HostEntries } from './host-entries.ts';

let scratch: string;
let directory: string;
let entries: HostEntries;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lxctl-entries-'));
  directory = join(scratch, 'hosts');
  mkdirSync(directory);
  entries = new HostEntries(directory, scratch);
});
afterEach(() => rmSync(scratch, { recursive: true }));

const nic = { mac: '00:16:3e:00:00:01', ipv4: null, hostname: 'c1' };

it('says when dnsmasq must read all entries again: after one went or changed', async () => {
  const key = { instanceId: 'i', device: 'eth0' };
  expect(await entries.put(key, nic)).toBe(false);
  expect(await entries.put(key, nic)).toBe(false);
  expect(await entries.put(key, { ...nic, ipv4: '10.0.0.5' })).toBe(true);
  await entries.remove(key);
  expect(await entries.put(key, nic)).toBe(true);
});

it('keeps what devices are called out of paths', async () => {
  const devices = ['/foo', '../../x', '::1', 'a~', '_name'];
  for (const device of devices) await entries.put({ instanceId: 'i', device }, nic);
  await entries.put({ instanceId: 'j', device: 'eth0' }, nic);
  const files = ['i...%2F..%2Fx', 'i.%2Ffoo', 'i.%3A%3A1', 'i._name', 'i.a%7E', 'j.eth0'];
  expect(new Set(readdirSync(directory))).toEqual(new Set(files));
  expect(readFileSync(join(directory, 'i.%2Ffoo'), 'utf8')).toBe('00:16:3e:00:00:01,c1\n');
  await entries.removeAll('i');
  expect(readdirSync(directory)).toEqual(['j.eth0']);
});
