import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const change = (name: string, config: Record<string, string>) => daemon.client.api.send('PATCH', `/1.0/instances/${name}`, { config });
const pid = async (name: string) => (await daemon.client.instances.state(name)).pid;

/** A control file of the instance's group, by its controller in version 1, or in version 2; null where the host has it in none. */
async function control(name: string, controller: string, file: string): Promise<string | null> {
  const groups = await readFile(`/proc/${await pid(name)}/cgroup`, 'utf8');
  const [, v1] = new RegExp(`^\\d+:${controller}:(.*)$`, 'm').exec(groups) ?? [];
  const [, v2] = /^0::(.*)$/m.exec(groups) ?? [];
  const unified = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  const paths = [join(`/sys/fs/cgroup/${controller}`, v1 ?? '/', file), join(unified, v2 ?? '/', file)];
  const path = paths.find((each) => existsSync(each));
  return path === undefined ? null : (await readFile(path, 'utf8')).trim();
}

describe('limits of a running instance', () => {
  beforeAll(() => daemon.launchInstance('l1'));
  afterAll(() => daemon.remove('l1'));

  it('limits.disk.priority comes, changes and goes', async ({ skip }) => {
    if ((await control('l1', 'blkio', 'blkio.bfq.weight')) === null) skip('the host does not weigh disks by version 1 and bfq');
    const weight = () => control('l1', 'blkio', 'blkio.bfq.weight');
    expect(await weight()).toBe('100');
    await change('l1', { 'limits.disk.priority': '10' });
    expect(await weight()).toBe('200');
    await change('l1', { 'limits.disk.priority': '0' });
    expect(await weight()).toBe('10');
    await change('l1', { 'limits.disk.priority': '' });
    expect(await weight()).toBe('100');
  });

  it('limits.hugepages.* the same, and a size that the host has not is refused', async ({ skip }) => {
    const limit = () => control('l1', 'hugetlb', 'hugetlb.2MB.max');
    if ((await limit()) === null) skip('the host has no control of huge pages of version 2');
    await change('l1', { 'limits.hugepages.2MB': '4MiB' });
    expect([await limit(), await control('l1', 'hugetlb', 'hugetlb.2MB.rsvd.max')]).toEqual(['4194304', '4194304']);
    await expect(change('l1', { 'limits.hugepages.64KB': '1MiB', 'limits.hugepages.2MB': '8MiB' })).rejects.toThrow(
      'Cannot enforce limits.hugepages.64KB: the host has no pages of this size',
    );
    expect(await limit()).toBe('4194304');
    await change('l1', { 'limits.hugepages.2MB': '' });
    expect(await limit()).toBe('max');
  });

  it('limits.memory.swap.priority the same', async ({ skip }) => {
    const swappiness = () => control('l1', 'memory', 'memory.swappiness');
    const before = await swappiness();
    if (before === null) skip('the host counts memory by control groups of version 2');
    await change('l1', { 'limits.memory.swap.priority': '0' });
    expect(await swappiness()).toBe('70');
    await change('l1', { 'limits.memory.swap.priority': '' });
    expect(await swappiness()).toBe(before);
  });
});

/** Resolves with the next lifecycle event of this action that is about the instance. */
async function told(action: string, name: string): Promise<{ event: Promise<void> }> {
  let resolve: () => void = () => {};
  const event = new Promise<void>((done) => (resolve = done));
  const stream = await daemon.client.events.stream({ types: ['lifecycle'] }, ({ metadata }) => {
    const { action: what, source } = metadata as { action: string; source: string };
    if (what !== action || source !== `/1.0/instances/${name}`) return;
    resolve();
    stream.close();
  });
  return { event };
}

describe('boot.autorestart', () => {
  it('starts an instance again whose init is killed, also by a daemon that saw nothing of it, and not one that powers off', async () => {
    await daemon.launchInstance('a1', 'busybox', { config: { 'boot.autorestart': 'true' } });
    const first = await pid('a1');
    const again = await told('instance-started', 'a1');
    process.kill(first, 'SIGKILL');
    await again.event;
    const second = await pid('a1');
    expect(second).not.toBe(first);

    await daemon.kill();
    process.kill(second, 'SIGKILL');
    await daemon.launch();
    await until(async () => (await daemon.client.instances.get('a1')).status === 'Running');
    expect(await pid('a1')).not.toBe(second);

    const off = await told('instance-shutdown', 'a1');
    await daemon.exec('a1', ['poweroff', '-f']).catch(() => {});
    await off.event;
    expect((await daemon.client.instances.get('a1')).status).toBe('Stopped');
    await daemon.remove('a1');
  });
});

describe('security.syscalls.*', () => {
  const launch = async (config: Record<string, string>) => {
    await daemon.launchInstance('s1', 'busybox', { config });
    return async (...command: string[]) => daemon.exec('s1', command);
  };

  it('kill, fail or do nothing, also for what comes in by exec', async () => {
    const run = await launch({ 'security.syscalls.deny': 'mkdir errno 5\nrmdir\nchmod errno 0\nfchmodat errno 0' });
    expect((await run('mkdir', '/tmp/a')).stderr).toMatch(/Input\/output error/);
    expect((await run('rmdir', '/tmp')).code).toBe(128 + 31);
    const mode = (await run('sh', '-c', 'touch /tmp/f; stat -c %a /tmp/f; chmod 777 /tmp/f; echo $?; stat -c %a /tmp/f')).stdout.split(
      '\n',
    );
    expect([mode[1], mode[2]]).toEqual(['0', mode[0]]);
    expect((await run('swapoff', '-a')).code).toBeDefined();
    await daemon.remove('s1');
  });

  it('are refused at once where there is no such call, and with security.syscalls.allow', async () => {
    const create = (config: Record<string, string>) =>
      daemon.client.instances.create({ name: 's2', source: { type: 'image', alias: 'busybox' }, config });
    await expect(create({ 'security.syscalls.deny': 'frobnicate\nmkdir' })).rejects.toThrow(
      'Invalid value for key "security.syscalls.deny": there is no system call "frobnicate"',
    );
    await expect(create({ 'security.syscalls.deny': 'mkdir', 'security.syscalls.allow': 'read' })).rejects.toThrow(
      'security.syscalls.allow is mutually exclusive with security.syscalls.deny*',
    );
    await expect(create({ 'security.syscalls.deny': 'mkdir\nmkdir errno 1' })).rejects.toThrow('it says twice what "mkdir" meets');
  });
});

describe('linux.kernel_modules', () => {
  it('are there when the instance starts, or it does not start', async () => {
    // Of those that every kernel here has: it is asked of them whether they are there.
    const [there = ''] = await readdir('/sys/module');
    await daemon.launchInstance('k1', 'busybox', { config: { 'linux.kernel_modules': there } });
    await change('k1', { 'linux.kernel_modules': `${there},lxctl_no_such_module` });
    const restarted = daemon.done(daemon.client.instances.setState('k1', { action: 'restart', force: true, timeout: 10 }));
    await expect(restarted).rejects.toThrow(/^Failed to load kernel module "lxctl_no_such_module": /);
    expect((await daemon.client.instances.get('k1')).status).toBe('Stopped');
    await daemon.remove('k1');
  });

  it('take nothing that modprobe would take for an option or a path', async () => {
    for (const name of ['-r', '--remove', '/tmp/evil.ko', '../evil', 'a b', 'a;b', 'a\nb'])
      await expect(
        daemon.client.instances.create({ name: 'k2', source: { type: 'none' }, config: { 'linux.kernel_modules': name } }),
      ).rejects.toThrow('Invalid value');
  });
});

describe('raw.idmap', () => {
  it('gives a guest ids of the host, and nothing of its root', async () => {
    await expect(
      daemon.client.instances.create({
        name: 'i1',
        source: { type: 'image', alias: 'busybox' },
        config: { 'raw.idmap': 'both 0 0\nboth 7' },
      }),
    ).rejects.toThrow(/The host's id 0[^\n]*[\s\S]*Invalid ID map line "both 7"/);
    const shared = await mkdtemp(join(tmpdir(), 'lxctl-keys-'));
    await chmod(shared, 0o755);
    await mkdir(join(shared, 'mine'));
    await chown(join(shared, 'mine'), 61_234, 61_235);
    const devices = { shared: { type: 'disk', source: shared, path: '/shared' } };
    await daemon.launchInstance('i1', 'busybox', { config: { 'raw.idmap': 'uid 61234 1000\ngid 61235 1001' }, devices });
    expect((await daemon.exec('i1', ['stat', '-c', '%u %g', '/shared/mine'])).stdout).toBe('1000 1001\n');
    expect((await daemon.exec('i1', ['touch', '/shared/mine/new'], { user: 1000 })).code).toBe(0);
    expect((await stat(join(shared, 'mine/new'))).uid).toBe(61_234);
    // Its own files are as they were.
    expect((await daemon.exec('i1', ['sh', '-c', 'touch /tmp/f && chown 1000:1001 /tmp/f && stat -c "%u %g" /tmp/f'])).stdout).toBe(
      '1000 1001\n',
    );
    const { config } = await daemon.client.instances.get('i1');
    expect(JSON.parse(config['volatile.idmap.current'] ?? '')).toContainEqual({
      Isuid: true,
      Isgid: false,
      Hostid: 61_234,
      Nsid: 1000,
      Maprange: 1,
    });
    await daemon.remove('i1');
    await rm(shared, { recursive: true });
  });
});

describe('cloud-init.*', () => {
  it('reach the guest by the templates of its image', async () => {
    await daemon.done(
      daemon.client.instances.create({
        name: 'c1',
        source: { type: 'image', alias: 'busybox' },
        config: { 'cloud-init.user-data': '#cloud-config\nhostname: mine\n' },
      }),
    );
    const at = '/var/lib/cloud/seed/nocloud-net/user-data';
    const template = {
      when: ['create', 'copy'],
      create_only: false,
      template: 'cloud-init-user.tpl',
      properties: { default: '#cloud-config\n{}' },
    };
    const { api } = daemon.client;
    await api.send('PATCH', '/1.0/instances/c1/metadata', { templates: { [at]: template } });
    const text = '{{ config_get("cloud-init.user-data", config_get("user.user-data", properties.default)) }}\n';
    await api.sendFile('/1.0/instances/c1/metadata/templates', { path: 'cloud-init-user.tpl' }, text);
    await daemon.done(daemon.client.instances.setState('c1', { action: 'start', timeout: 30, force: false }));
    expect((await daemon.exec('c1', ['cat', at])).stdout).toBe('#cloud-config\nhostname: mine\n');
    await daemon.remove('c1');
  });
});

describe('many at once', () => {
  it('are changed as the filter says, and the operation tells what failed by name', async () => {
    const source = { type: 'image' as const, alias: 'busybox' };
    const no = { 'security.protection.start': 'true' };
    for (const [name, config] of [
      ['m1', {}],
      ['m2', no],
      ['m3', {}],
    ] as const)
      await daemon.done(daemon.client.instances.create({ name, source, config: { ...config, 'user.many': name === 'm3' ? 'no' : 'yes' } }));
    const all = async (filter: string, action: string) => {
      const body = { state: { action, timeout: 30, force: true } };
      const { id } = await daemon.client.api.start('PUT', '/1.0/instances', body, { query: { filter } });
      return daemon.client.operations.wait(id);
    };
    const failed = await all('config.user.many eq yes', 'start');
    const problem = 'Instance is protected from being started (security.protection.start)';
    expect(failed).toMatchObject({ status_code: 400, err: `m2: ${problem}`, metadata: { errors: { m2: problem } } });
    const status = async (name: string) => (await daemon.client.instances.get(name)).status;
    expect([await status('m1'), await status('m2'), await status('m3')]).toEqual(['Running', 'Stopped', 'Stopped']);
    expect(await all('', 'stop')).toMatchObject({ status_code: 200 });
    expect(await status('m1')).toBe('Stopped');
    expect(await daemon.client.api.get('/1.0/instances/m1/access')).toEqual([]);
    for (const name of ['m1', 'm2', 'm3']) await daemon.remove(name);
  });
});

describe('warnings', () => {
  it('tell of an instance that the server could not start, are acknowledged, and end when it starts', async () => {
    const { warnings, instances } = daemon.client;
    await daemon.done(
      instances.create({
        name: 'w1',
        source: { type: 'image', alias: 'busybox' },
        config: { 'boot.autostart': 'true', 'security.protection.start': 'true' },
      }),
    );
    await daemon.restart();
    const about = async () => (await warnings.list()).filter(({ entity_url }) => entity_url === '/1.0/instances/w1');
    await until(async () => (await about()).length > 0);
    const [warning] = await about();
    expect(warning).toMatchObject({
      type: 'Failed to autostart instance',
      status: 'new',
      severity: 'low',
      count: 1,
      project: 'default',
      last_message: 'Instance is protected from being started (security.protection.start)',
    });
    const id = warning?.uuid ?? '';
    await warnings.setStatus(id, 'acknowledged');
    await expect(daemon.client.api.send('PUT', `/1.0/warnings/${id}`, { status: 'resolved' })).rejects.toThrow('Status may only be set');
    await daemon.restart();
    await until(async () => (await about())[0]?.count === 2);
    expect(await about()).toMatchObject([{ status: 'acknowledged', uuid: id }]);
    await change('w1', { 'security.protection.start': '' });
    await daemon.restart();
    await until(async () => (await about())[0]?.status === 'resolved');
    await daemon.remove('w1');
    expect(await about()).toEqual([]);
    await expect(warnings.get(id)).rejects.toThrow('Warning not found');
  });
});

/** Asks until it is so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
