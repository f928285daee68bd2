import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyByRelay } from './copy-by-relay.ts';
import { imageTree, metadata } from './image-files.ts';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

const sh = (command: string, cwd: string) => promisify(execFile)('sh', ['-ec', command], { cwd });
let lxc: StockLxc;
let place: string;

async function fingerprint(...files: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const chunk of createReadStream(join(place, file))) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
/** What `lxc image import` says of these files. */
async function importFiles(...args: string[]): Promise<string> {
  return /Image imported with fingerprint: ([0-9a-f]{64})/.exec(await lxc.ok('image', 'import', ...args))?.[1] ?? '';
}

describe.skipIf(!lxcInstalled)("images with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    place = lxc.home;
    await imageTree(place);
    const pack = '--sort=name --mtime=@1700000000 --owner=0 --group=0';
    await sh(
      `cd tree; tar ${pack} -czf ../u.tar.gz .; tar ${pack} -cJf ../u.tar.xz .; tar ${pack} -c . | zstd -q >../u.tar.zst
       tar ${pack} -cf ../u.tar .; mksquashfs . ../u.squashfs -quiet -no-progress >../log
       tar ${pack} -cJf ../meta.tar.xz metadata.yaml; cd rootfs; tar ${pack} -cJf ../../root.tar.xz .
       tar ${pack} -c . | zstd -q >../../root.tar.zst; mksquashfs . ../../root.squashfs -quiet -no-progress >../../log`,
      place,
    );
  });
  afterAll(() => lxc.stop());

  it('has its images copied to another server', () => copyByRelay(lxc));

  it.each(['u.tar', 'u.tar.gz', 'u.tar.xz', 'u.tar.zst', 'u.squashfs'])('takes the unified file %s and gives it back', async (file) => {
    const wanted = await fingerprint(file);
    expect(await importFiles(file, '--alias', `packed/${file}`, 'color=red')).toBe(wanted);
    expect(await lxc.ok('image', 'info', `packed/${file}`)).toMatch(/os: Tiny[\s\S]*- packed\//);
    expect(await lxc.ok('image', 'get-property', `packed/${file}`, 'color')).toBe('red\n');
    await mkdir(join(place, `out-${file}`));
    await lxc.ok('image', 'export', `packed/${file}`, `out-${file}`);
    const name = `out-${file}/${wanted}${file.slice(1)}`;
    expect(await fingerprint(name)).toBe(wanted);
    await lxc.ok('image', 'delete', `packed/${file}`);
    expect(await importFiles(name)).toBe(wanted);
    await lxc.ok('image', 'delete', wanted.slice(0, 12));
  });

  it.each(['root.tar.xz', 'root.tar.zst', 'root.squashfs'])('takes metadata and %s apart, gives them back, and runs them', async (file) => {
    const wanted = await fingerprint('meta.tar.xz', file);
    expect(await importFiles('meta.tar.xz', file, '--alias', 'split')).toBe(wanted);
    await lxc.ok('image', 'export', 'split', `pair-${file}`);
    expect(await fingerprint(`pair-${file}`, `pair-${file}.root`)).toBe(wanted);
    await lxc.ok('launch', 'split', 'tiny');
    expect(await lxc.ok('exec', 'tiny', '--', 'cat', '/etc/motd')).toBe('packed by hand\n');
    await lxc.ok('delete', '-f', 'tiny');
    await lxc.ok('image', 'delete', 'split');
    expect(await importFiles(`pair-${file}`, `pair-${file}.root`)).toBe(wanted);
    await lxc.ok('image', 'delete', wanted);
  });

  it('keeps aliases, also with a slash', async () => {
    const busybox = (await lxc.ok('image', 'list', '-f', 'csv', '-c', 'F')).trim();
    await lxc.ok('image', 'alias', 'create', 'my/own', busybox);
    expect(await lxc.fails('image', 'alias', 'create', 'my/own', busybox)).toBe('Alias "my/own" already exists');
    expect(await lxc.fails('image', 'alias', 'create', 'x', 'nope')).toBe('Image not found');
    expect(await lxc.ok('image', 'alias', 'list', '-f', 'csv')).toMatch(/^my\/own,[0-9a-f]{12},CONTAINER,$/m);
    expect(await lxc.ok('image', 'alias', 'list', 'my', '-f', 'csv')).not.toContain('busybox');
    await lxc.ok('image', 'alias', 'rename', 'my/own', 'my/other');
    expect(await lxc.fails('image', 'alias', 'rename', 'my/other', 'busybox')).toBe('Alias "busybox" already exists');
    expect(await lxc.ok('image', 'show', 'my/other')).toContain('os: BusyBox');
    await lxc.ok('image', 'alias', 'delete', 'my/other');
    expect(await lxc.fails('image', 'alias', 'delete', 'my/other')).toBe('Image alias not found');
  });

  it('lists, shows and edits', async () => {
    for (const format of ['table', 'csv', 'compact', 'json', 'yaml'])
      expect(await lxc.ok('image', 'list', '-f', format)).toContain('busybox');
    expect(await lxc.ok('image', 'list', 'os=BusyBox', '-f', 'csv', '-c', 'ldpat')).toBe('busybox,BusyBox,no,x86_64,CONTAINER\n');
    expect(await lxc.ok('image', 'list', 'os=Other', '-f', 'csv')).toBe('');
    await lxc.ok('image', 'set-property', 'busybox', 'color', 'red');
    expect(await lxc.ok('image', 'get-property', 'busybox', 'color')).toBe('red\n');
    await lxc.ok('image', 'unset-property', 'busybox', 'color');
    expect(await lxc.ok('image', 'show', 'busybox')).not.toContain('color');
    await lxc.feed((await lxc.ok('image', 'show', 'busybox')).replace('public: false', 'public: true'), 'image', 'edit', 'busybox');
    expect(await lxc.ok('image', 'info', 'busybox')).toContain('Public: yes');
  });

  it('refuses what is no image', async () => {
    await writeFile(join(place, 'text'), 'this is no image\n'.repeat(1000));
    expect(await lxc.fails('image', 'import', 'text')).toMatch(/the file is not an archive/);
    expect(await lxc.fails('image', 'import', 'meta.tar.xz')).toMatch(/it holds no directory rootfs/);
    expect(await lxc.fails('image', 'import', 'https://127.0.0.1:1/x')).toMatch(
      /^Not supported by this server: images from the source "url"/,
    );
    expect(await lxc.fails('image', 'delete', 'nope')).toBe('Image not found');
    expect(await lxc.fails('image', 'refresh', 'busybox')).toBe('Image cannot be refreshed: it came from no server');
    await importFiles('u.tar.gz');
    expect(await lxc.fails('image', 'import', 'u.tar.gz')).toBe('Image with same fingerprint already exists');
  });

  it('applies the templates of an image when its instances are made, renamed and started', async () => {
    const row = (path: string, when: string, more = '') =>
      `  ${path}:\n    when: [${when}]\n    template: all.tpl\n    properties: {p: "1"}\n${more}`;
    const only = row('/etc/kept', 'create, rename', '    create_only: true\n');
    const templates = `templates:\n${row('/etc/hostname', 'create, rename')}${row('/etc/each', 'start')}${only}`;
    await writeFile(join(place, 'tree/metadata.yaml'), metadata + templates);
    await sh(
      'mkdir tree/templates; echo "{{ instance.name }} {{ trigger }} {{ properties.p }}" >tree/templates/all.tpl; tar -C tree --owner=0 --group=0 -cf t.tar .',
      place,
    );
    await importFiles('t.tar', '--alias', 'templated');
    await lxc.ok('launch', 'templated', 'first');
    const read = (name: string, path: string) => lxc.ok('exec', name, '--', '/bin/cat', path);
    expect(await read('first', '/etc/hostname')).toBe('first create 1\n');
    expect(await read('first', '/etc/each')).toBe('first start 1\n');
    expect(await read('first', '/etc/kept')).toBe('first create 1\n');
    expect(await lxc.ok('config', 'template', 'list', 'first', '-f', 'csv')).toBe('all.tpl\n');
    await lxc.ok('stop', '-f', 'first');
    await lxc.ok('rename', 'first', 'second');
    await lxc.ok('start', 'second');
    expect(await read('second', '/etc/hostname')).toBe('second rename 1\n');
    expect(await read('second', '/etc/each')).toBe('second start 1\n');
    expect(await read('second', '/etc/kept')).toBe('first create 1\n');
    await lxc.ok('stop', '-f', 'second');
    const edit = await lxc.run(['config', 'template', 'edit', 'second', 'all.tpl'], { stdin: '{{ instance.name|nobody }}' });
    expect([edit.code, edit.stderr]).toEqual([1, 'Error: Template "all.tpl", line 1: unknown filter "nobody"\n']);
    await lxc.ok('delete', 'second');
  });
});
