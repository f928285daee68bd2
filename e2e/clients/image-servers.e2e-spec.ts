import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WireInstanceSource } from '#lib/contract';
import { FileServer, fingerprintOf, loopbackCertificate, type Product, publishStreams } from '../../libs/streams/src/testing.ts';
import { home } from '../harness/daemon.ts';
import { Terminal } from '../harness/terminal.ts';
import { imageTree } from './image-files.ts';
import { incusProgram, incusThere, lxcInstalled, StockLxc } from './stock-lxc.ts';

const sh = (command: string, cwd: string) => promisify(execFile)('sh', ['-ec', command], { cwd });

/** What a new user does first, against a server that speaks as Ubuntu's does. */
describe.skipIf(!lxcInstalled)("images of servers (skipped where Debian's lxd-client is not installed)", () => {
  let server: FileServer;
  let lxc: StockLxc;
  let place: string;
  let metadata: Buffer;
  let old: Buffer;
  let fresh: Buffer;
  const product = (change: Partial<Product> = {}): Product => ({
    name: 'com.ubuntu.cloud:server:24.04:amd64',
    aliases: '24.04,n,noble,default,lts',
    os: 'ubuntu',
    versions: { '20240423': { metadata, squashfs: old } },
    more: { release_title: '24.04 LTS', version: '24.04' },
    ...change,
  });
  const publish = (change: Partial<Product> = {}) => publishStreams(server, [product(change)], 'ubuntu');
  const rootfs = () => [...server.files.keys()].find((name) => name.endsWith('rootfs.squashfs')) ?? '';
  const images = () => lxc.daemon.client.images.list();
  const left = async () => {
    const directory = join(lxc.daemon.dir, 'images');
    return [...(await readdir(directory)), ...(await readdir(join(directory, 'incoming')))].sort();
  };
  const nothing = ['incoming', 'trees'];
  const source = (change: Record<string, string>) => ({
    type: 'image',
    mode: 'pull',
    protocol: 'simplestreams',
    server: server.url,
    ...change,
  });
  const create = (change: Partial<WireInstanceSource>) =>
    lxc.daemon.client.instances.create({ name: 'u1', source: { ...source({ alias: 'lts' }), type: 'image', mode: 'pull', ...change } });

  beforeAll(async () => {
    const certificate = await loopbackCertificate();
    server = await FileServer.start(certificate);
    // As an authority that a company has added to its hosts.
    place = await mkdtemp(join(tmpdir(), 'lxctl-authority-'));
    const trust = { SSL_CERT_FILE: join(place, 'authority.pem') };
    await writeFile(trust.SSL_CERT_FILE, certificate.cert);
    lxc = await StockLxc.start(undefined, trust);
    const tree = await imageTree(place);
    const pack = async () => {
      await sh(
        'tar --owner=0 --group=0 -cJf ../meta metadata.yaml; mksquashfs rootfs ../root -quiet -no-progress -all-root -noappend >../log',
        tree,
      );
      return Promise.all(['meta', 'root'].map((name) => readFile(join(place, name)))) as Promise<[Buffer, Buffer]>;
    };
    [metadata, old] = await pack();
    await writeFile(join(tree, 'rootfs/etc/motd'), 'newer\n');
    [, fresh] = await pack();
    await lxc.ok('remote', 'add', 'ours', server.url, '--protocol=simplestreams', '--public');
  });
  afterAll(async () => {
    await lxc.stop();
    await server[Symbol.asyncDispose]();
    await rm(place, { recursive: true });
  });
  beforeEach(async () => {
    for (const { fingerprint } of await images()) await lxc.daemon.done(lxc.daemon.client.images.delete(fingerprint));
    server.files.clear();
    server.instead.clear();
    publish();
    server.asked.length = 0;
  });

  it('are launched, and the second time nobody is asked', async () => {
    await lxc.ok('launch', 'ours:24.04', 'u1');
    expect(await lxc.ok('exec', 'u1', '--', 'cat', '/etc/motd')).toBe('packed by hand\n');
    expect(await images()).toMatchObject([
      { cached: true, auto_update: true, update_source: { alias: '24.04', protocol: 'simplestreams', server: `${server.url}/` } },
    ]);
    expect(await lxc.ok('config', 'get', 'u1', 'image.description')).toBe('ubuntu 24.04 LTS amd64 (20240423)\n');
    server.asked.length = 0;
    await lxc.ok('launch', 'ours:24.04', 'u2');
    expect(server.asked).toEqual([]);
    await lxc.ok('delete', '-f', 'u1', 'u2');
  });

  it('are what the client takes them for', async () => {
    expect(await lxc.ok('image', 'info', 'ours:lts')).toContain(`Fingerprint: ${fingerprintOf(metadata, old)}`);
    await lxc.ok('image', 'copy', 'ours:lts', 'local:', '--alias', 'mine');
    expect(await lxc.ok('image', 'info', 'mine')).toContain(`Fingerprint: ${fingerprintOf(metadata, old)}`);
    await lxc.ok('image', 'export', 'mine', 'out');
    expect((await readFile(join(lxc.home, 'out.root'))).equals(old)).toBe(true);
  });

  it('make way for newer ones, with their names', async () => {
    await lxc.ok('image', 'copy', 'ours:lts', 'local:', '--alias', 'mine', '--auto-update', '--public');
    expect(await lxc.ok('image', 'refresh', 'mine')).toMatch(/already up to date/);
    publish({ versions: { '20240423': { metadata, squashfs: old }, '20240501': { metadata, squashfs: fresh } } });
    expect(await lxc.ok('image', 'refresh', 'mine')).toMatch(/refreshed successfully/);
    const newest = fingerprintOf(metadata, fresh);
    expect(await images()).toMatchObject([{ fingerprint: newest, public: true, auto_update: true, cached: false }]);
    await lxc.ok('launch', 'mine', 'u1');
    expect(await lxc.ok('exec', 'u1', '--', 'cat', '/etc/motd')).toBe('newer\n');
    await lxc.ok('delete', '-f', 'u1');
    expect(await left()).toEqual([newest, `${newest}.rootfs`, ...nothing].sort());
  });

  it.skipIf(!incusThere)('make way for newer ones with incus (skipped where tools/setup.sh --test could not fetch it)', async () => {
    const incus = await lxc.beside(incusProgram);
    await incus.ok('remote', 'add', 'ours', server.url, '--protocol=simplestreams', '--public');
    await incus.ok('image', 'copy', 'ours:lts', 'local:', '--alias', 'mine', '--auto-update');
    publish({ versions: { '20240501': { metadata, squashfs: fresh } } });
    expect(await incus.ok('image', 'refresh', 'mine')).toMatch(/refreshed successfully/);
    expect(await images()).toMatchObject([{ fingerprint: fingerprintOf(metadata, fresh) }]);
  });

  it('are launched by lxctl with one word, a progress, and the newest LTS', async () => {
    const env = { ...process.env, LXCTL_DIR: lxc.daemon.dir, LXCTL_CONF: join(place, 'conf'), TERM: 'xterm' };
    const lxctl = async (...words: string[]) => (await promisify(execFile)(join(home, 'bin/lxctl'), words, { env })).stdout;
    await lxctl('remote', 'set-url', 'ubuntu', server.url);
    let rest = () => {};
    server.answer(rootfs(), (_, response) => {
      response.writeHead(200, { 'content-length': old.length });
      response.write(old.subarray(0, old.length / 2));
      rest = () => void response.end(old.subarray(old.length / 2));
    });
    const terminal = new Terminal('bin/lxctl launch ubuntu u1', { cwd: home, env, columns: 100, rows: 30 });
    await terminal.shows(/rootfs: \d+% \(\d+\.\d\dMB\/s\)/);
    rest();
    expect(await terminal.code()).toBe(0);
    expect(await lxctl('exec', 'u1', '--', 'cat', '/etc/motd')).toBe('packed by hand\n');
    server.asked.length = 0;
    await lxctl('launch', 'ubuntu', 'u2');
    expect(server.asked).toEqual([]);
    await lxctl('image', 'copy', 'ubuntu:24.04', 'local:', '--alias', 'mine', '--auto-update');
    publish({ versions: { '20240501': { metadata, squashfs: fresh } } });
    expect(await lxctl('image', 'refresh', 'mine')).toBe('mine: there was a newer one\n');
    await lxctl('delete', '-f', 'u1', 'u2');
  });

  it('that are not what was announced leave nothing', async () => {
    server.put(rootfs(), Buffer.alloc(old.length, 'x'));
    expect(await lxc.fails('launch', 'ours:24.04', 'u1')).toContain('its SHA-256 is not the one that the index of the server names');
    expect(await lxc.fails('launch', 'ours:24.10', 'u1')).toMatch(/has no image "24.10" for x86_64; it has 24.04$/);
    expect([await lxc.ok('list', '-f', 'csv'), await images(), await left()]).toEqual(['', [], nothing]);
  });

  it('that cannot be had are refused with the reason', async () => {
    const order = (change: Record<string, string>) => lxc.daemon.client.api.send('POST', '/1.0/images', { source: source(change) });
    await expect(order({ server: 'http://images.example', secret: 's' })).rejects.toThrow(
      /Only https URLs are supported for simplestreams.*Must specify one of alias or fingerprint.*know no secrets/s,
    );
    await expect(order({ protocol: '', alias: 'lts' })).rejects.toThrow('images of other LXD and Incus servers');
    const wrong = (await loopbackCertificate()).cert;
    await expect(lxc.daemon.done(create({ certificate: wrong }))).rejects.toThrow(/Cannot reach the server 127.0.0.1:\d+: its certificate/);
  });

  it('are brought anew when the daemon dies in the middle', async () => {
    const stuck = new Promise<void>((resolve) => {
      server.answer(rootfs(), (_, response) => {
        response.writeHead(200, { 'content-length': old.length });
        response.write(old.subarray(0, old.length / 2), () => resolve());
      });
    });
    await create({});
    await stuck;
    await lxc.daemon.restart();
    expect([await images(), await lxc.daemon.client.instances.list(), await left()]).toEqual([[], [], nothing]);
    await lxc.ok('launch', 'ours:lts', 'u1');
    await lxc.ok('delete', '-f', 'u1');
  });
});
