import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { abuseProgram } from './harness/abuse.ts';
import { TestDaemon } from './harness/daemon.ts';

/** Whose ids of the host an instance has, and what it shares with others by them. */

let daemon: TestDaemon;
const block = 65_536;
const sh = (name: string, script: string) => daemon.exec(name, ['sh', '-c', script]);
const config = async (name: string) => (await daemon.client.instances.get(name)).config;
const stop = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'stop', force: true, timeout: 10 }));
const start = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'start', force: false, timeout: 30 }));
const patch = (name: string, change: Record<string, string>) =>
  daemon.client.api.send('PATCH', `/1.0/instances/${name}`, { config: change });
const uidMap = async (name: string) => (await sh(name, 'cat /proc/self/uid_map')).stdout.trim().split('\n').map(numbers);
const numbers = (line: string) => line.trim().split(/\s+/).map(Number);

async function hostUid(name: string): Promise<number> {
  const { pid } = await daemon.client.instances.state(name);
  return Number(/^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  for (const name of ['one', 'two']) await daemon.launchInstance(name);
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

describe('the ids of an instance', () => {
  it('differ on the host from those of every other, and are noted as LXD notes them', async () => {
    const [one, two] = [await hostUid('one'), await hostUid('two')];
    expect(Math.abs(one - two)).toBeGreaterThanOrEqual(block);
    const notes = await config('one');
    expect(notes).toMatchObject({ 'volatile.idmap.base': String(one), 'volatile.last_state.idmap': '[]' });
    expect(notes['volatile.idmap.current']).toBe(notes['volatile.idmap.next']);
    expect(JSON.parse(notes['volatile.idmap.next'] ?? '')).toContainEqual({
      Isuid: true,
      Isgid: false,
      Hostid: one,
      Nsid: 0,
      Maprange: block,
    });
  });

  it('above 65535 are those of all, so that directory users keep their numbers', async () => {
    const [own, above] = await uidMap('one');
    expect(own).toEqual([0, await hostUid('one'), block]);
    expect(above).toEqual([block, expect.any(Number), expect.any(Number)]);
    expect((await uidMap('two'))[1]).toEqual(above);
    expect((await sh('one', 'touch /theirs && chown 200000:200001 /theirs && stat -c "%u %g" /theirs')).stdout).toBe('200000 200001\n');
    expect((await daemon.exec('one', ['id', '-u'], { user: 200_000 })).stdout).toBe('200000\n');
  });

  it('let nobody fill what others need: another starts and runs commands, and so does the one that did it', async () => {
    const abuse = abuseProgram().toString('base64');
    await daemon.exec('one', ['sh', '-c', 'base64 -d > /abuse && chmod +x /abuse'], { stdin: abuse });
    expect((await daemon.exec('one', ['/abuse', 'keys'])).stdout).toMatch(/^\d\d+ EDQUOT\n$/);
    expect((await sh('one', '/abuse watches &')).stdout).toMatch(/^\d\d+ EMFILE\n$/);
    expect((await sh('one', 'echo well')).stdout).toBe('well\n');
    expect((await sh('two', 'echo well')).stdout).toBe('well\n');
    await daemon.launchInstance('three');
    await daemon.exec('three', ['sh', '-c', 'base64 -d > /abuse && chmod +x /abuse'], { stdin: abuse });
    expect((await daemon.exec('three', ['/abuse', 'keys'])).stdout).toMatch(/^\d\d+ EDQUOT\n$/);
    expect((await sh('three', '/abuse watches &')).stdout).toMatch(/^\d\d+ EMFILE\n$/);
    await daemon.remove('three');
  });

  it('stay with it over a stop, a restart of the server, and a rename', async () => {
    const before = await hostUid('two');
    await stop('two');
    await daemon.restart();
    await daemon.launchInstance('between');
    await start('two');
    expect(await hostUid('two')).toBe(before);
    expect(await hostUid('between')).not.toBe(before);
    await daemon.remove('between');
  });

  it('are only its own when security.idmap.isolated is true, of the size asked for', async () => {
    await daemon.launchInstance('alone', 'busybox', { config: { 'security.idmap.isolated': 'true', 'security.idmap.size': '100000' } });
    expect(await uidMap('alone')).toEqual([[0, await hostUid('alone'), 100_000]]);
    await daemon.remove('alone');
  });

  it('are those of all when security.idmap.isolated is false, from the next start on', async () => {
    await stop('two');
    await patch('two', { 'security.idmap.isolated': 'false' });
    expect(await config('two')).toMatchObject({ 'volatile.idmap.base': '0' });
    await start('two');
    const [shared, ...others] = await uidMap('two');
    expect(others).toEqual([]);
    expect(shared?.[0]).toBe(0);
    // What it wrote before is its own still: nothing was ever shifted on disk.
    expect((await sh('two', 'stat -c "%u %g" /bin/busybox')).stdout).toBe('0 0\n');
  });

  it('are refused by what they may not be', async () => {
    const bad = { 'security.idmap.base': '0', 'security.idmap.isolated': 'maybe', 'security.idmap.size': '-5' };
    for (const [key, value] of Object.entries(bad)) await expect(patch('one', { [key]: value })).rejects.toThrow(key);
  });
});
