import {
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import addon from '#native';
import { isCloseOnExec, notRoot } from './machine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mounts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** O_PATH of open(2), which node:fs does not name. */
const oPath = 0o10000000;
const map = '0 1000000 65536';
const inside = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

describe.skipIf(notRoot)('mounts (need root)', () => {
  it('show shifted ids through an idmap, without a mount point', async () => {
    writeFileSync(join(directory, 'file'), 'x');
    const userns = await addon.userNamespace(map, map);
    const tree = await addon.openTree(directory);
    expect([userns, tree].map(isCloseOnExec)).toEqual([true, true]);
    await addon.mountSetattr(tree, { idmapUserns: userns, nosuid: true, nodev: true });
    expect(statSync(inside(tree, 'file'))).toMatchObject({ uid: 1_000_000, gid: 1_000_000 });
    expect(statSync(join(directory, 'file'))).toMatchObject({ uid: 0, gid: 0 });
    await expect(addon.mountSetattr(tree, { idmapUserns: userns })).rejects.toMatchObject({
      code: 'EPERM',
      errno: -1,
      syscall: 'mount_setattr',
    });
    addon.closeFd(tree);
    addon.closeFd(userns);
  });

  it('are made, moved into place, read-only where asked, and undone', async () => {
    const target = join(directory, 'target');
    mkdirSync(target);
    const fd = await addon.newMount('tmpfs', { size: '1m', mode: '0710' }, { noexec: true });
    await addon.moveMount(fd, target);
    expect(statSync(target).mode & 0o777).toBe(0o710);
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((each) => each.includes(` ${target} `));
    expect(line).toMatch(/noexec.*tmpfs.*size=1024k/);
    writeFileSync(join(target, 'a'), 'b');
    await addon.mountSetattr(fd, { readonly: true });
    expect(() => writeFileSync(join(target, 'a'), 'c')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    await addon.mountSetattr(fd, { readonly: false });
    writeFileSync(join(target, 'a'), 'c');
    addon.closeFd(fd);
    await addon.unmount(target);
    await expect(addon.unmount(target)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'umount2', path: target });
  });

  it('are copied with what is mounted below, if asked', async () => {
    const below = join(directory, 'below');
    mkdirSync(below);
    const fd = await addon.newMount('tmpfs', {});
    await addon.moveMount(fd, below);
    addon.closeFd(fd);
    writeFileSync(join(below, 'file'), '');
    const flat = await addon.openTree(directory);
    const deep = await addon.openTree(directory, { recursive: true });
    await addon.unmount(below, { lazy: true });
    expect(() => statSync(inside(flat, 'below/file'))).toThrow();
    expect(statSync(inside(deep, 'below/file')).size).toBe(0);
    addon.closeFd(flat);
    addon.closeFd(deep);
  });

  it("are refused with the kernel's words", async () => {
    await expect(addon.newMount('tmpfs', { bogus: '1' })).rejects.toMatchObject({
      code: 'EINVAL',
      syscall: 'fsconfig',
      path: 'tmpfs',
      detail: expect.stringContaining('bogus'),
    });
    await expect(addon.newMount('no-such-fs', {})).rejects.toMatchObject({ code: 'ENODEV', syscall: 'fsopen', path: 'no-such-fs' });
    await expect(addon.newMount('tmpfs', { size: '1'.repeat(300) })).rejects.toMatchObject({ code: 'E2BIG' });
    await expect(addon.openTree(join(directory, 'nothing'))).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'open_tree',
      path: join(directory, 'nothing'),
    });
  });

  it('refuse wrong id maps', async () => {
    await expect(addon.userNamespace('0 0 nonsense', map)).rejects.toMatchObject({ code: 'EINVAL', syscall: 'write' });
    await expect(addon.userNamespace('0 1000000 10\n5 2000000 10', map)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('get their user namespaces in any number at once, and leave no process', async () => {
    const fds = await Promise.all(Array.from({ length: 50 }, () => addon.userNamespace(map, map)));
    const names = new Set(fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`)));
    expect(names.size).toBe(50);
    expect(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')).toBe('');
    for (const fd of fds) addon.closeFd(fd);
  });
});

describe('openInRoot', () => {
  it('stays in its root, whatever the links in it say', async () => {
    writeFileSync(join(directory, 'secret'), 'outside');
    const root = join(directory, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/name'), 'inside');
    symlinkSync('/etc/name', join(root, 'absolute'));
    symlinkSync('../../../../secret', join(root, 'climbing'));
    symlinkSync('/proc/self/root', join(root, 'magic'));
    const fd = openSync(root, oPath);
    const open = async (path: string): Promise<string> => {
      const file = await addon.openInRoot(fd, path, constants.O_RDONLY);
      expect(isCloseOnExec(file)).toBe(true);
      const content = (await addon.readFd(file)).toString();
      addon.closeFd(file);
      return content;
    };
    expect(await open('/etc/name')).toBe('inside');
    expect(await open('../../etc/name')).toBe('inside');
    expect(await open('absolute')).toBe('inside');
    await expect(open('climbing')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'openat2', path: 'climbing' });
    await expect(open('magic/etc/passwd')).rejects.toMatchObject({ code: 'ENOENT' });
    const made = await addon.openInRoot(fd, '/etc/new', constants.O_CREAT | constants.O_WRONLY, 0o640);
    addon.closeFd(made);
    expect(statSync(join(root, 'etc/new')).mode & 0o777).toBe(0o640);
    addon.closeFd(fd);
  });
});
