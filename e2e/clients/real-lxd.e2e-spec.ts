import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookOfTree, makeKinds } from '../../libs/host/src/testing/hard-tree.ts';
import { lackOfRoot, titled } from '../../libs/host/src/testing/needs.ts';
import { RealLxd } from '../harness/real-lxd.ts';
import { StockLxc } from './stock-lxc.ts';

/** What is exported here is imported in LXD 5.0.2, and what that exports is imported here. */

const why = lackOfRoot('lxd', 'lxc', 'unshare', 'perl', 'setfattr', 'getfattr');
let ours: StockLxc;
let lxd: RealLxd;

const inside = async (directory: string, script: string) =>
  (await promisify(execFile)('sh', ['-ec', `cd ${directory}; ${script}`], { maxBuffer: 1 << 24 })).stdout;
const look = (directory: string) => inside(directory, lookOfTree);
/** Of a file of 64 MiB that is a hole but for its end; LXD's own archives have none. */
const blocksOfHoles = async (directory: string) => Number(await inside(directory, 'stat -c %b kinds/holes'));
/** LXD's archives have no parts of seconds, nor sockets; no device nodes are in ours. */
const finish = `rm -f kinds/socket kinds/node; find . -print0 | xargs -0 touch -h -d '2001-02-03 04:05:06'`;

const pool = (...path: string[]) => join(ours.daemon.dir, 'storage-pools/plain', ...path);
/** Where a root or a volume of ours has its files, by the id of its directory. */
const root = (name: string) => pool('containers', name, 'rootfs');
const volume = (name: string) => pool('custom', `default_${name}`, 'data');

const exported = (name: string) => join(ours.home, name);

/** An instance or a volume as it is, and as its snapshot `s` was. */
interface Looks {
  is: string;
  was: string;
}

describe.skipIf(why !== '')(titled('beside a real LXD 5.0.2', why), () => {
  beforeAll(async () => {
    [ours, lxd] = await Promise.all([StockLxc.start(), RealLxd.start()]);
    await ours.ok('storage', 'create', 'plain', 'dir');
  });
  afterAll(async () => {
    await Promise.all([ours.stop(), lxd.stop()]);
  });

  describe('an instance', () => {
    let first: Looks;

    beforeAll(async () => {
      await ours.ok('init', 'busybox', 'h', '-s', 'plain', '-c', 'user.mine=1');
      await inside(root('h'), `${makeKinds} rm -rf dev/*; echo was > etc/state; ${finish}`);
      const was = await look(root('h'));
      await ours.ok('snapshot', 'h', 's');
      await inside(root('h'), `echo is > etc/state; mkfifo etc/later; ${finish}`);
      first = { was, is: await look(root('h')) };
    });

    it('goes there with its snapshot, and comes back', async () => {
      await ours.ok('export', 'h', exported('h.tar.gz'));
      await lxd.lxc('import', exported('h.tar.gz'));
      expect({ is: await look(lxd.root('h')), was: await look(lxd.root('h', 's')) }).toEqual(first);
      expect(await blocksOfHoles(lxd.root('h'))).toBeLessThan(1000);
      expect(await lxd.lxc('config', 'get', 'h', 'user.mine')).toBe('1\n');
      await lxd.lxc('export', 'h', exported('back.tar.gz'));
      await ours.ok('import', exported('back.tar.gz'), 'back', '--storage', 'plain');
      expect(await look(root('back'))).toBe(first.is);
      expect(await ours.ok('config', 'get', 'back', 'user.mine')).toBe('1\n');
      await ours.ok('restore', 'back', 's');
      expect(await look(root('back'))).toBe(first.was);
    });

    it('becomes an image, which has the same fingerprint there and when it comes back', async () => {
      await ours.ok('publish', 'h', '--alias', 'of-h');
      const fingerprint = /fingerprint: (\w{64})/i.exec(await ours.ok('image', 'info', 'of-h'))?.[1] ?? '';
      await ours.ok('image', 'export', 'of-h', exported('image'));
      const imported = await lxd.lxc('image', 'import', exported('image.tar.gz'), '--alias', 'of-h');
      expect(imported).toContain(`Image imported with fingerprint: ${fingerprint}`);
      await lxd.lxc('init', 'of-h', 'made');
      expect(await look(lxd.root('made'))).toBe(first.is);
      await lxd.lxc('publish', 'made', '--alias', 'of-lxd');
      for (const alias of ['of-h', 'of-lxd']) {
        const wanted = /fingerprint: (\w{64})/i.exec(await lxd.lxc('image', 'info', alias))?.[1] ?? '';
        await lxd.lxc('image', 'export', alias, exported(`${alias}-lxd`));
        if (alias === 'of-h') await ours.ok('image', 'delete', 'of-h');
        expect(await ours.ok('image', 'import', exported(`${alias}-lxd.tar.gz`), '--alias', alias)).toContain(wanted);
        if (alias === 'of-h') expect(wanted).toBe(fingerprint);
      }
    });
  });

  describe('a custom volume', () => {
    // LXD gives the directory itself always the same mode.
    const script = `${makeKinds} mknod kinds/gone c 0 0; setfattr -n user.overlay.opaque -v y kinds/sub; chown 33:44 .`;
    let first: Looks;

    beforeAll(async () => {
      await ours.ok('storage', 'volume', 'create', 'plain', 'v', 'user.mine=1');
      await mkdir(join(volume('v'), 'etc'));
      await inside(volume('v'), `${script}; ${finish}`);
      const was = await look(volume('v'));
      await ours.ok('storage', 'volume', 'snapshot', 'plain', 'v', 's');
      await inside(volume('v'), `echo is > etc/state; ${finish}`);
      first = { was, is: await look(volume('v')) };
    });

    it('goes there with its snapshot, and comes back', async () => {
      await ours.ok('storage', 'volume', 'export', 'plain', 'v', exported('v.tar.gz'));
      await lxd.lxc('storage', 'volume', 'import', 'd', exported('v.tar.gz'));
      expect({ is: await look(lxd.volume('v')), was: await look(lxd.volume('v', 's')) }).toEqual(first);
      expect(await blocksOfHoles(lxd.volume('v'))).toBeLessThan(1000);
      expect(await lxd.lxc('storage', 'volume', 'get', 'd', 'v', 'user.mine')).toBe('1\n');
      await lxd.lxc('storage', 'volume', 'export', 'd', 'v', exported('w.tar.gz'));
      await ours.ok('storage', 'volume', 'import', 'plain', exported('w.tar.gz'), 'w');
      expect(await look(volume('w'))).toBe(first.is);
      expect(await ours.ok('storage', 'volume', 'get', 'plain', 'w', 'user.mine')).toBe('1\n');
      await ours.ok('storage', 'volume', 'restore', 'plain', 'w', 's');
      expect(await look(volume('w'))).toBe(first.was);
    });

    it('that LXD has given to an instance comes with the ids that are seen inside', async () => {
      await lxd.lxc('storage', 'volume', 'create', 'd', 'shifted');
      const map = [{ Isuid: true, Isgid: true, Hostid: 1_000_000, Nsid: 0, Maprange: 65_536 }];
      await lxd.lxc('storage', 'volume', 'set', 'd', 'shifted', `volatile.idmap.last=${JSON.stringify(map)}`);
      await inside(lxd.volume('shifted'), 'echo x > a; chown 1000000:1000000 .; chown 1000033:1000044 a');
      await lxd.lxc('storage', 'volume', 'export', 'd', 'shifted', exported('shifted.tar.gz'));
      await ours.ok('storage', 'volume', 'import', 'plain', exported('shifted.tar.gz'));
      expect(await inside(volume('shifted'), 'stat -c %u:%g . a')).toBe('0:0\n33:44\n');
    });

    it('of one side is no instance of the other', async () => {
      expect(await ours.fails('storage', 'volume', 'import', 'plain', exported('h.tar.gz'), 'x')).toContain('the backup of an instance');
      expect(await ours.fails('import', exported('v.tar.gz'), 'x')).toContain('it is of a custom volume');
    });
  });
});
