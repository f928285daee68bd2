import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import addon from '#native';
import { makeHardTree, makeKinds, sumOfTree } from '../../libs/host/src/testing/hard-tree.ts';
import { notRoot } from './machine.ts';

let place = '';
let from = '';
let to = '';
beforeEach(() => {
  place = mkdtempSync('/var/tmp/lxctl-trees-');
  from = join(place, 'from');
  to = join(place, 'to');
  mkdirSync(from);
});
afterEach(() => execFileSync('rm', ['-rf', place]));

const sh = (script: string, cwd: string) =>
  execFileSync('sh', ['-ec', script], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const copy = (source: string | number = from, onBytes: ((bytes: number) => void) | null = null) => addon.copyTree(source, to, onBytes).done;

/** Writes to a mapped page before anything is copied, and, when it is told to, to the same page through the same mapping. */
const mapper = `
import mmap, sys
file = open(sys.argv[1], "r+b")
pages = mmap.mmap(file.fileno(), 8192)
pages[0:1] = b"x"
print("written")
sys.stdin.readline()
pages[1:2] = b"y"
print("written")
sys.stdin.readline()
`;

describe.skipIf(notRoot)('copies of trees', () => {
  it('have everything, on one file system and on another', async () => {
    sh(`mkdir etc; ${makeHardTree}`, from);
    sh(
      'setfattr -n trusted.overlay.opaque -v y kinds/sub; mknod kinds/whiteout c 0 0; ln kinds/whiteout kinds/other; chmod 2755 many',
      from,
    );
    const sum = sh(sumOfTree, from);
    await copy();
    expect(sh(sumOfTree, to)).toBe(sum);
    expect(statSync(join(to, 'kinds/holes')).blocks).toBeLessThan(1000);
    const memory = mkdtempSync('/dev/shm/lxctl-trees-');
    try {
      await addon.copyTree(to, join(memory, 'to'), null).done;
      expect(sh(sumOfTree, join(memory, 'to'))).toBe(sum);
    } finally {
      execFileSync('rm', ['-rf', memory]);
    }
  });

  it('go as deep as a guest can nest, with links between the ends', async () => {
    const d = 'd'.repeat(20);
    sh(
      `perl -e 'open F, ">", "first"; link "first", "last"; for (1..600) { mkdir "${d}"; rename "last", "${d}/last"; chdir "${d}" }'`,
      from,
    );
    await copy();
    const deep = `perl -e '$first = (stat "first")[1]; for (1..600) { chdir "${d}" or die } print join " ", $first == (stat "last")[1], glob "*"'`;
    expect(sh(deep, to)).toBe('1 last');
  });

  it('take an open directory, which stays open', async () => {
    writeFileSync(join(from, 'a'), 'a');
    const fd = openSync(from, 'r');
    expect(await copy(fd)).toBe(1);
    closeSync(fd);
    expect(readFileSync(join(to, 'a'), 'utf8')).toBe('a');
  });

  it('tell how far they are, end when cancelled, and replace nothing', async () => {
    sh('head -c 100M /dev/urandom > large', from);
    const heard: number[] = [];
    expect(await copy(from, (bytes) => heard.push(bytes))).toBe(100 << 20);
    expect(heard.at(-1)).toBe(100 << 20);
    expect(heard.toSorted((a, b) => a - b)).toEqual(heard);
    await expect(copy()).rejects.toMatchObject({ code: 'EEXIST', path: to });
    rmSync(to, { recursive: true });
    const { done, cancel } = addon.copyTree(from, to, () => cancel());
    cancel();
    await expect(done).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(existsSync(join(to, 'large')) && statSync(join(to, 'large')).size === 100 << 20).toBe(false);
  });

  it('name the entry that cannot be copied', async () => {
    sh('mkdir -p a/b; mount -t tmpfs none a/b', from);
    await expect(copy())
      .rejects.toMatchObject({ code: 'EXDEV', path: 'a/b' })
      .finally(() => sh('umount a/b', from));
  });

  // By name, content, time, kind, and through a mapping that was there before: what changes between the two copies.
  it('have what changed since an earlier one, and take the rest from there', async () => {
    const many = 'for d in $(seq 20); do mkdir -p many/$d; for f in $(seq 20); do echo $d $f > many/$d/$f; done; done';
    sh(
      `mkdir etc; ${many}; ${makeKinds} mkdir swap swap/one swap/two; echo 1 > swap/one/x; echo 2 > swap/two/x; echo l > l1; ln l1 l2; head -c 8192 /dev/zero > mapped`,
      from,
    );
    const mapped = spawn('python3', ['-uc', mapper, join(from, 'mapped')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const heard = () => once(mapped.stdout, 'data');
    await heard();
    const first = join(place, 'first');
    const { done, before } = addon.copyTreeBefore(from, first, null);
    await done;
    const kept = statSync(join(first, 'many/7/7')).ino;
    mapped.stdin.write('again\n');
    await heard();
    sh(
      `echo changed > many/1/1; rm many/2/2; mkdir many/3/new; mv many/4/4 many/3/new; chmod 600 many/5/5; rm many/6/6; mkdir many/6/6
       setfattr -n user.note -v new many/8/8; ln kinds/a kinds/more; rm l2; echo other > l2; ln -sf else kinds/dangling
       mv swap/one swap/x; mv swap/two swap/one; mv swap/x swap/two; touch -d 2003-04-05 many/9/9; mv many/10 many/ten`,
      from,
    );
    await addon.copyTree(from, to, null, before).done;
    expect(sh(sumOfTree, to)).toBe(sh(sumOfTree, from));
    expect(readFileSync(join(to, 'swap/one/x'), 'utf8')).toBe('2\n');
    expect(readFileSync(join(to, 'mapped'), 'latin1').startsWith('xy')).toBe(true);
    expect(statSync(join(to, 'many/7/7')).ino).toBe(kept);
    // What changed, what lies where it did not, and what has more names.
    expect(Number(sh('find . -type f | wc -l', first))).toBeLessThan(50);
    mapped.stdin.end();
    await once(mapped, 'exit');
  });

  it('that lie over another tree have what differs, and hide the rest', async () => {
    const base = join(place, 'base');
    const links = 'ln many/9/9 many/9/nine; ln -s 7 many/9/link; mkfifo many/9/pipe; mkdir -p gone/deep;';
    sh(
      `mkdir etc many; for d in $(seq 20); do mkdir many/$d; for f in $(seq 20); do echo $d $f > many/$d/$f; done; done; ${links} ${makeKinds}`,
      from,
    );
    sh(`cp -a ${from} ${base}`, place);
    // By content alone, its time set back; by kind, both ways; names, owners, modes, attributes, links; and what a guest notes as overlayfs does.
    sh(
      `cp -p many/1/1 ../ref; echo 9 9 > many/1/1; touch -r ../ref many/1/1; rm many/2/2 kinds/fifo; rm -r many/3; echo file > many/3; rm many/4/4; mkdir many/4/4
       mv many/5 many/five; chown 5 many/6/6; chmod 700 many/7; setfattr -n user.note -v new many/8/8; rm -r gone; ln -sf 8 many/9/link
       ln many/10/10 many/10/ten; setfattr -n user.overlay.opaque -v y many/11; touch -d 2003-04-05 many/12; mkdir -p new/deep`,
      from,
    );
    const sum = sh(`setfattr -x user.overlay.opaque many/11\n${sumOfTree}\nsetfattr -n user.overlay.opaque -v y many/11`, from);
    const heard: number[] = [];
    await addon.copyTree(from, to, (bytes) => heard.push(bytes), undefined, base).done;
    expect(heard.at(-1)).toBeGreaterThan(1000);
    const over = `mkdir ../work ../root; mount -t overlay o -o userxattr,lowerdir=${base},upperdir=${to},workdir=../work ../root; cd ../root; ${sumOfTree}`;
    expect(execFileSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', over], { cwd: from, encoding: 'utf8' })).toBe(sum);
    expect(sh('ls many; ls many/1 many/2 many/8 many/7 many/12; ls', to).replaceAll(/\s+/g, ' ')).toBe(
      '1 10 12 2 3 4 5 6 7 8 9 five many/1: 1 many/12: many/2: 2 many/7: many/8: 8 gone kinds many new ',
    );
    expect(() => addon.copyTree([from, from], join(place, 'no'), null, undefined, base)).toThrow('EINVAL');
  });

  it('have no earlier one where changes may go unnoticed', async () => {
    const memory = mkdtempSync('/dev/shm/lxctl-trees-');
    try {
      await expect(addon.copyTreeBefore(memory, to, null).done).rejects.toMatchObject({ code: 'ENOTSUP' });
    } finally {
      rmSync(memory, { recursive: true });
    }
  });

  it('are told to be large by what is in them', async () => {
    expect(await addon.isLargeTree(from)).toBe(false);
    sh('truncate -s 1G holes; head -c 1M /dev/zero > small', from);
    expect(await addon.isLargeTree(from)).toBe(false);
    sh('mkdir a; head -c 5M /dev/zero > a/large', from);
    expect(await addon.isLargeTree(from)).toBe(true);
    sh('rm a/large; mkdir a/b; for n in $(seq 300); do : > a/b/$n; done', from);
    expect(await addon.isLargeTree(from)).toBe(true);
  });

  // The attack: while it is copied, what is looked at and what is opened are exchanged for links out of the tree.
  it('are led nowhere by a tree that changes under them', async () => {
    const outside = join(place, 'outside');
    mkdirSync(join(outside, 'secret'), { recursive: true });
    writeFileSync(join(outside, 'secret', 'file'), 'secret');
    for (const name of ['one', 'two']) {
      mkdirSync(join(from, name, 'secret'), { recursive: true });
      writeFileSync(join(from, name, 'secret', 'file'), 'public');
      writeFileSync(join(from, name, 'file'), 'public');
    }
    symlinkSync(outside, join(from, 'one.link'));
    symlinkSync(join(outside, 'secret', 'file'), join(from, 'file.link'));
    let running = true;
    const exchange = async (a: string, b: string) => {
      while (running) {
        await rename(join(from, a), join(from, `${b}.aside`));
        await rename(join(from, b), join(from, a));
        await rename(join(from, `${b}.aside`), join(from, b));
      }
    };
    const attack = Promise.all([exchange('one', 'one.link'), exchange('two/file', 'file.link')]);
    try {
      for (let round = 0; round < 300; round++) {
        await copy();
        expect(sh('grep -r --devices=skip secret . || :', to)).not.toContain(':secret');
        rmSync(to, { recursive: true });
      }
    } finally {
      running = false;
      await attack;
    }
  });
});
