import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import addon from '#native';
import { encodePlan, encodeRoom } from '#lib/host';
import { keeperPath, missing, World } from './keeper-world.ts';

const reason = missing();

/** The same numbers each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The keeper's verdict on each message; it must live through all of them. */
function verdicts(messages: readonly Buffer[]): string[] {
  const framed = messages.flatMap((message) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(message.length);
    return [size, message];
  });
  const { status, stdout } = spawnSync(keeperPath, ['check'], { input: Buffer.concat(framed), encoding: 'utf8', maxBuffer: 1 << 26 });
  expect(status).toBe(0);
  return stdout.trim().split('\n');
}

describe.skipIf(reason !== null)(`the keeper's protocol${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let good: Buffer;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    const plan = world.plan({
      links: [
        { kind: 'veth', hostName: 'x', name: 'eth0', bridge: 'b', mac: '00:16:3e:00:00:05', hostMac: '00:16:3e:00:00:06', mtu: 9000 },
        { kind: 'macvlan', parent: 'p', name: 'eth1', mac: '00:16:3e:00:00:07', mtu: null },
        { kind: 'physical', parent: 'p', name: 'eth2', mac: null, mtu: null },
        { kind: 'ipvlan', parent: 'p', mode: 'l3s', name: 'eth3', mac: null, mtu: 1400 },
        { kind: 'vlan', parent: 'p', id: 4094, name: 'eth4', mac: null, mtu: null },
      ],
      rlimits: [{ resource: 'core', soft: 0, hard: null }],
      sysctls: [{ key: 'a.b', value: 'c' }],
      dropCapabilities: [1, 2],
      seccomp: new Uint8Array(16),
    });
    good = Buffer.concat([Buffer.from([2, 0, 0, 0, 7, 0, 0, 0]), encodePlan(plan)]);
  });
  afterAll(() => world.dispose());

  it('accepts the plan that encodePlan makes', () => {
    expect(verdicts([good])).toEqual(['ok']);
  });

  it('refuses every truncation and every lengthening', () => {
    const cut = Array.from({ length: good.length }, (_, size) => good.subarray(0, size));
    const longer = Buffer.concat([good, Buffer.from([0])]);
    expect(new Set(verdicts([...cut, longer]))).toEqual(new Set(['truncated', 'malformed']));
  });

  it('reads the plan of a room as strictly', () => {
    const { id, name, runDir, namespaces, idMap, layers, root, dropCapabilities } = world.plan();
    const room = { ...{ id, name, runDir, namespaces, idMap, layers, root, dropCapabilities }, seccomp: new Uint8Array(16) };
    const message = (change: object) => Buffer.concat([Buffer.from([4, 0, 0, 0, 7, 0, 0, 0]), encodeRoom({ ...room, ...change })]);
    const whole = message({});
    expect(verdicts([whole])).toEqual(['ok']);
    const cut = Array.from({ length: whole.length }, (_, size) => whole.subarray(0, size)).slice(8);
    expect(new Set(verdicts([...cut, Buffer.concat([whole, Buffer.from([0])])]))).toEqual(new Set(['truncated', 'malformed']));
    const wrong = [{ id: '../x' }, { namespaces: ['mount'] }, { root: { kind: 'bind', layer: 99 } }, { seccomp: new Uint8Array(7) }];
    expect(verdicts(wrong.map(message)).map((words) => words.split(':')[0])).toEqual(['id', 'namespaces', 'layers', 'seccomp']);
    const next = random(20240502);
    const noise = Array.from({ length: 5000 }, () => {
      const bytes = Buffer.from(whole);
      bytes.writeUInt32LE(next() < 0.5 ? 0xffffffff : Math.floor(next() * 65536), 8 + Math.floor(next() * (bytes.length - 12)));
      return bytes;
    });
    expect(verdicts(noise)).toHaveLength(noise.length);
  });

  it('lives through noise and through plans with bytes changed', () => {
    const next = random(20240501);
    const messages: Buffer[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      const message = Buffer.from(good);
      for (let n = 1 + Math.floor(next() * 4); n > 0; n -= 1) {
        const at = Math.floor(next() * message.length);
        // Lengths and counts are what a decoder can be tricked by.
        if (next() < 0.5) message[at] = Math.floor(next() * 256);
        else message.writeUInt32LE(next() < 0.5 ? 0xffffffff : Math.floor(next() * 65536), Math.min(at, message.length - 4));
      }
      messages.push(message);
    }
    for (let i = 0; i < 2000; i += 1)
      messages.push(Buffer.from(Array.from({ length: Math.floor(next() * 300) }, () => Math.floor(next() * 256))));
    expect(verdicts(messages)).toHaveLength(messages.length);
  });

  it('names what a plan lacks', () => {
    const check = (change: object) => verdicts([Buffer.concat([good.subarray(0, 8), encodePlan(world.plan(change))])])[0];
    const base = world.plan();
    expect(check({})).toBe('ok');
    expect(check({ id: '../x' })).toBe('id');
    expect(check({ namespaces: ['user', 'net'] })).toMatch(/^namespaces/);
    expect(check({ namespaces: ['mount', 'pid'] })).toBe('idMap');
    expect(check({ mounts: [] })).toMatch(/^console/);
    expect(check({ root: { kind: 'bind', layer: 99 } })).toMatch(/^layers/);
    expect(check({ root: { kind: 'overlay', lower: [0], upper: 0 } })).toMatch(/^layers/);
    expect(check({ seccomp: new Uint8Array(7) })).toBe('seccomp');
    expect(check({ console: { ...base.console, ringBytes: 1 << 30 } })).toMatch(/^console/);
    expect(check({ rlimits: [{ resource: 'none', soft: 1, hard: 1 }] })).toBe('malformed');
    expect(check({ hostname: 'a\0b' })).toBe('malformed');
    expect(check({ init: { ...base.init, argv: [] } })).toBe('init.argv');
  });

  it('answers each bad request, and the container goes on', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    const next = random(7);
    const channel = addon.Channel.connect(`${world.runDir}/${plan.id}.sock`);
    let answers = 0;
    const all = new Promise<void>((resolve) => {
      channel.onMessage = (data, fds) => {
        for (const fd of fds) addon.closeFd(fd);
        // FAILED, or for a few that are well-formed by chance DONE and EXEC_STARTED.
        if (data.readUInt32LE(4) === 9) answers += 1;
        if (data.readUInt32LE(4) === 10) resolve();
      };
    });
    const types = [17, 19, 20, 22, 25, 99, 64, 2];
    for (let i = 0; i < 300; i += 1) {
      const body = Buffer.from(Array.from({ length: Math.floor(next() * 60) }, () => Math.floor(next() * 256)));
      const message = Buffer.concat([Buffer.from([types[i % types.length] as number, 0, 0, 0, 9, 0, 0, 0]), body]);
      channel.send(message);
      if (i % 20 === 19) await world.run(keeper, ['true']);
    }
    channel.send(Buffer.from([16, 0, 0, 0, 10, 0, 0, 0]));
    await all;
    expect(answers).toBe(300);
    channel.close();
    expect(await world.run(keeper, ['true'])).toMatchObject({ code: 0 });
    await keeper.kill();
  });

  it('refuses a bad plan over the socket, with nothing left', async () => {
    await expect(world.keepers.launch(world.plan({ id: 'UPPER' }))).rejects.toThrow(/plan: decode id: EINVAL/);
  });
});
