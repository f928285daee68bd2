import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceMount, Keeper, LaunchPlan } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();
const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' });

describe.skipIf(reason !== null)(`devices that come and go${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let keeper: Keeper;
  let plan: LaunchPlan;
  let place: string;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    place = join(world.root, 'shared');
    mkdirSync(join(place, 'below'), { recursive: true });
    writeFileSync(join(place, 'file'), 'of the host');
    plan = world.plan();
    keeper = await world.keepers.launch(plan);
  });
  afterAll(() => world.dispose());

  const said = async (...argv: string[]) => (await world.run(keeper, argv)).output.trim();
  const node = (change: Partial<DeviceMount> = {}): DeviceMount => ({
    layer: {
      path: '/dev/probe',
      idmapped: false,
      readonly: false,
      optional: false,
      node: { kind: 'char', major: 1, minor: 5, mode: 0o640, uid: 7, gid: 9 },
    },
    target: '/dev/probe',
    create: 'file',
    flags: [],
    ...change,
  });
  const tree = (path: string, target: string, change: Partial<DeviceMount['layer']> = {}): DeviceMount => ({
    layer: { path, idmapped: true, readonly: false, optional: false, plain: true, ...change },
    target,
    create: 'directory',
    flags: ['nodev'],
  });
  const rebooted = async (): Promise<void> => {
    const again = new Promise((resolve) => {
      keeper.onReboot = resolve;
    });
    void world.run(keeper, ['reboot', '-f']);
    await again;
  };

  it('has a node that opens, with its owner and mode, and takes it away without a trace', async () => {
    await keeper.mount(node());
    expect(await said('stat', '-c', '%F %u %g %a %t %T', '/dev/probe')).toBe('character special file 7 9 640 1 5');
    expect((await world.run(keeper, ['sh', '-c', 'read -n 1 byte < /dev/probe; echo $?'])).code).toBe(0);
    await expect(keeper.mount(node())).rejects.toMatchObject({ code: 'EEXIST' });
    await keeper.unmount('/dev/probe', true);
    expect(await said('ls', '/dev/probe')).toMatch(/No such file/);
    // Also what is not there.
    await keeper.unmount('/dev/probe', true);
    expect(await world.traces(plan)).toEqual(expect.not.arrayContaining([expect.stringContaining('.node')]));
  });

  it('shows a tree of the host, which the guest can neither make writable nor free of its flags', async () => {
    await keeper.mount(tree(place, '/shared', { readonly: true }));
    expect(await said('cat', '/shared/file')).toBe('of the host');
    expect(await said('stat', '-c', '%u', '/shared/file')).toBe('0');
    for (const option of ['remount,rw,bind', 'remount,dev,bind', 'remount,ro,dev,bind'])
      expect((await world.run(keeper, ['mount', '-o', option, '/shared'])).code).not.toBe(0);
    expect(await said('sh', '-c', 'echo x > /shared/file')).toMatch(/Read-only/);
    await keeper.unmount('/shared', false);
    expect(await said('ls', '/shared')).toBe('');
  });

  it('hears of mounts on the host below a tree that is slave, and the host of none inside', async () => {
    const shared = join(world.root, 'propagates');
    mkdirSync(shared);
    run('mount', '-t', 'tmpfs', 'lxctl-spec', shared);
    try {
      run('mount', '--make-shared', shared);
      for (const name of ['early', 'late', 'own']) mkdirSync(join(shared, name));
      await keeper.mount(tree(shared, '/still', { idmapped: false }));
      await keeper.mount({ ...tree(shared, '/hears', { idmapped: false }), flags: ['nodev', 'slave'] });
      run('mount', '-t', 'tmpfs', 'lxctl-spec', join(shared, 'late'));
      writeFileSync(join(shared, 'late/file'), 'of the host');
      expect(await said('sh', '-c', 'cat /hears/late/file; ls /still/late')).toBe('of the host');
      // The guest can neither change it nor make one of its own that the host sees; one that it takes off stays on the host.
      run('mount', '-t', 'tmpfs', '-o', 'ro', 'lxctl-spec', join(shared, 'early'));
      expect((await world.run(keeper, ['mount', '-o', 'remount,rw,bind', '/hears/early'])).code).not.toBe(0);
      expect((await world.run(keeper, ['umount', '/hears/early'])).code).toBe(0);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toContain(join(shared, 'early'));
      expect((await world.run(keeper, ['mount', '-t', 'tmpfs', 'mine', '/hears/own'])).code).toBe(0);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(join(shared, 'own'));
      run('umount', join(shared, 'late'));
      expect(await said('ls', '/hears/late')).toBe('');
      await keeper.unmount('/hears', false);
      await keeper.unmount('/still', false);
    } finally {
      run('umount', '-R', shared);
    }
  });

  it('opens no path with a link in it on the host, and follows those of the guest inside alone', async () => {
    symlinkSync('/etc', join(place, 'link'));
    await expect(keeper.mount(tree(join(place, 'link'), '/x'))).rejects.toMatchObject({ code: 'ELOOP' });
    await world.run(keeper, ['sh', '-c', `mkdir -p /etc/inside; ln -s / /root/up; ln -s ${place} /root/host`]);
    await keeper.mount(tree(place, '/root/up/etc/inside'));
    expect(await said('cat', '/etc/inside/file')).toBe('of the host');
    await keeper.unmount('/root/up/etc/inside', false);
    // Nothing of that name is inside, whatever the host has.
    await expect(keeper.mount(node({ target: `/root/host/probe` }))).rejects.toMatchObject({ code: 'ENOENT' });
    await world.run(keeper, ['mkdir', '-p', place]);
    await keeper.mount(node({ target: `/root/host/probe` }));
    expect(await said('stat', '-c', '%F', `${place}/probe`)).toBe('character special file');
    await keeper.unmount('/root/host/probe', true);
    rmSync(join(place, 'link'));
  });

  it('are there again when the guest has rebooted, and those that went are not', async () => {
    await keeper.mount(tree(place, '/kept'));
    await keeper.mount(node({ target: '/dev/stays' }));
    await keeper.mount(node({ target: '/dev/went' }));
    await keeper.plug({
      kind: 'veth',
      hostName: `kd${process.pid % 100_000}`,
      name: 'eth5',
      bridge: null,
      mac: null,
      hostMac: null,
      mtu: null,
    });
    await keeper.plug({
      kind: 'veth',
      hostName: `ke${process.pid % 100_000}`,
      name: 'eth6',
      bridge: null,
      mac: null,
      hostMac: null,
      mtu: null,
    });
    await keeper.unmount('/dev/went', true);
    await keeper.unmount('/dev/zero', false);
    await keeper.unplug('eth6');
    await rebooted();
    expect(await said('cat', '/kept/file')).toBe('of the host');
    expect(await said('stat', '-c', '%F %u', '/dev/stays')).toBe('character special file 7');
    expect(await said('ls', '/dev/went', '/dev/zero')).toMatch(/No such file.*No such file/s);
    const names = (await keeper.network()).links.map(({ name }) => name);
    expect(names).toContain('eth5');
    expect(names).not.toContain('eth6');
    await keeper.unplug('eth5');
    expect((await keeper.network()).links.map(({ name }) => name)).not.toContain('eth5');
  });

  it('come in the order in which they are asked for, and one that fails holds up none', async () => {
    const asked = [
      keeper.mount(node({ target: '/dev/one' })),
      keeper.mount(tree('/no/such/place', '/two')).catch((error: { code: string }) => error.code),
      keeper.unmount('/dev/one', true),
      keeper.mount(node({ target: '/dev/one' })),
    ];
    expect(await Promise.all(asked)).toEqual([undefined, 'ENOENT', undefined, undefined]);
    await keeper.unmount('/dev/one', true);
  });

  it('takes off nothing of the guest, nor of the host, that has come in its place', async () => {
    await keeper.mount(tree(place, '/swap'));
    await world.run(keeper, ['sh', '-c', 'umount /swap; rmdir /swap; ln -s /proc /swap']);
    await keeper.unmount('/swap', false);
    expect(await said('ls', '/proc/self/status')).toBe('/proc/self/status');
    await keeper.mount(node({ target: '/dev/swap' }));
    await world.run(keeper, ['sh', '-c', 'umount /dev/swap; rm /dev/swap; echo mine > /root/mine; ln -s /root/mine /dev/swap']);
    await keeper.unmount('/dev/swap', true);
    expect(await said('cat', '/root/mine')).toBe('mine');
  });

  it('leaves nothing when the container ends', async () => {
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
  });
});
