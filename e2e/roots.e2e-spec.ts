import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const recipe = { type: 'image', protocol: 'recipe', alias: 'busybox' } as const;

describe('an image that is not here', () => {
  it('is built within the launch that asks for it, for all who ask at once', async () => {
    expect(await daemon.client.images.list()).toEqual([]);
    const launches = ['one', 'two', 'three'].map((name) =>
      daemon.done(daemon.client.instances.create({ name, source: recipe, start: true })),
    );
    await Promise.all(launches);
    expect(await daemon.client.images.list()).toHaveLength(1);
    expect((await daemon.client.instances.list()).map(({ status }) => status)).toEqual(['Running', 'Running', 'Running']);
    for (const name of ['one', 'two', 'three']) await daemon.remove(name);
  });

  it('is refused where its source does not have it, and where it is on another server', async () => {
    const create = (source: object) => daemon.client.instances.create({ name: 'x', source: { type: 'image', ...source } });
    await expect(create({ protocol: 'recipe', alias: 'plan9' })).rejects.toThrow('No image recipe "plan9"');
    await expect(create({ server: 'https://images.example', alias: 'x' })).rejects.toThrow('images of other LXD and Incus servers');
    await expect(create({ protocol: 'simplestreams', alias: 'x' })).rejects.toThrow('"" is no URL of a server');
  });
});

describe.each([
  ['overlay', false],
  ['dir', true],
])('a root on the driver %s', (driver, whole) => {
  beforeAll(async () => {
    await daemon.client.pools.create({ name: driver, driver, description: '', config: {} });
    const devices = { root: { type: 'disk', path: '/', pool: driver } };
    await daemon.done(daemon.client.instances.create({ name: driver, source: recipe, devices, start: true }));
  });
  afterAll(async () => {
    await daemon.remove(driver);
    await daemon.client.pools.delete(driver);
  });
  const sh = (script: string) => daemon.exec(driver, ['sh', '-c', script], { cwd: '/' });

  it(`${whole ? 'takes' : 'does not take'} the upper layer of an overlay that the guest mounts`, async () => {
    const script = 'mkdir -p /low /up /work /merged && mount -t overlay o -o lowerdir=/low,upperdir=/up,workdir=/work,userxattr /merged';
    const { code, stderr } = await sh(`${script} && touch /merged/file && ls /up`);
    expect(code, stderr).toBe(whole ? 0 : 255);
    await sh('umount /merged');
  });

  it('is what the guest left when it is started again, by its id and not by what has its name', async () => {
    await sh('echo kept > /root/file');
    await daemon.done(daemon.client.instances.setState(driver, { action: 'stop', force: true, timeout: 10 }));
    await daemon.done(daemon.client.instances.rename(driver, { name: 'renamed' }));
    await daemon.done(
      daemon.client.instances.create({ name: driver, source: recipe, devices: { root: { type: 'disk', path: '/', pool: driver } } }),
    );
    await daemon.restart();
    await daemon.done(daemon.client.instances.setState('renamed', { action: 'start', force: false, timeout: 10 }));
    expect((await daemon.exec('renamed', ['cat', '/root/file'])).stdout).toBe('kept\n');
    await daemon.remove('renamed');
    await daemon.done(daemon.client.instances.setState(driver, { action: 'start', force: false, timeout: 10 }));
    expect((await sh('cat /root/file')).stdout).toBe('');
  });

  it('is made anew: of an image that has to be built, which its copy does not notice, or empty', async () => {
    const { instances } = daemon.client;
    const stop = () => daemon.done(instances.setState(driver, { action: 'stop', force: true, timeout: 10 }));
    const start = () => daemon.done(instances.setState(driver, { action: 'start', force: false, timeout: 10 }));
    // What the guest leaves may look like whatever it likes: the links lead nowhere.
    await sh('rm -r /root && ln -s / /root && ln -s /etc /srv && echo old > /note');
    await expect(instances.rebuild(driver, recipe)).rejects.toThrow('Instance must be stopped to be rebuilt');
    await stop();
    await daemon.done(instances.create({ name: 'like', source: { type: 'copy', source: driver } }));
    const [image] = await daemon.client.images.list();
    await daemon.done(daemon.client.images.delete(image?.fingerprint ?? ''));
    await daemon.done(instances.rebuild(driver, recipe));
    expect((await daemon.client.images.list()).map(({ fingerprint }) => fingerprint)).toEqual([image?.fingerprint]);
    await start();
    expect((await sh('test -d /root && test ! -L /root && test ! -e /note && hostname')).stdout).toBe(`${driver}\n`);
    await daemon.done(instances.setState('like', { action: 'start', force: false, timeout: 10 }));
    expect((await daemon.exec('like', ['cat', '/note'], { cwd: '/' })).stdout).toBe('old\n');
    await daemon.remove('like');
    await stop();
    await daemon.done(instances.rebuild(driver, { type: 'none' }));
    await expect(start()).rejects.toThrow('execve /sbin/init: ENOENT');
    await daemon.done(instances.rebuild(driver, recipe));
    await start();
  });
});
