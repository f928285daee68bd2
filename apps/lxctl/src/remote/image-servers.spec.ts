import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from '../testing/fake-server.ts';
import { lxctl } from '../testing/lxctl.ts';
import { ImageServers } from './image-servers.ts';

let place: string;
beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-remotes-');
});
afterEach(() => rm(place, { recursive: true }));

const servers = () => new ImageServers({ env: { LXCTL_CONF: place } });
const run = (words: string) => lxctl(new FakeServer(), words, (io) => Object.assign(io.env, { LXCTL_CONF: place }));
const names = async () => Object.keys(await servers().all());

describe('the name of an image', () => {
  const ubuntu = 'https://cloud-images.ubuntu.com/releases';
  const images = 'https://images.linuxcontainers.org';
  it.each([
    ['ubuntu', ubuntu, 'default'],
    ['ubuntu:', ubuntu, 'default'],
    ['ubuntu:24.04', ubuntu, '24.04'],
    ['ubuntu/24.04', ubuntu, '24.04'],
    ['ubuntu-daily:26.04', 'https://cloud-images.ubuntu.com/daily', '26.04'],
    ['images:debian/12', images, 'debian/12'],
    ['images:debian/12/cloud', images, 'debian/12/cloud'],
    ['debian/12', images, 'debian/12'],
  ])('%s means that of %s named %s', async (typed, server, alias) => {
    expect(await servers().resolve(typed)).toEqual({ server, protocol: 'simplestreams', alias });
  });

  it('means nothing where it names no place', async () => {
    expect(await servers().resolve('mine')).toBe(null);
    await expect(servers().resolve('nowhere:x')).rejects.toThrow(
      'The remote "nowhere" doesn\'t exist; there is local, images, ubuntu, ubuntu-daily',
    );
    await expect(servers().resolve('toString:x')).rejects.toThrow('The remote "toString" doesn\'t exist');
  });
});

describe('lxctl remote', () => {
  it('adds, changes, renames and forgets image servers', async () => {
    expect(await run('remote add ours https://images.example/ --protocol simplestreams --public')).toMatchObject({ code: 0, err: '' });
    expect(await servers().resolve('ours:a/b')).toMatchObject({ server: 'https://images.example', alias: 'a/b' });
    expect((await run('remote add ours https://images.example')).err).toBe('Error: Remote ours exists\n');
    await run('remote set-url ours https://other.example');
    await run('remote rename ours theirs');
    expect(await servers().resolve('theirs:x')).toMatchObject({ server: 'https://other.example' });
    await run('remote remove theirs');
    expect(await names()).toEqual(['images', 'ubuntu', 'ubuntu-daily']);
    expect((await stat(join(place, 'config.yml'))).mode & 0o777).toBe(0o600);
  });

  it('changes and forgets those that everybody has, for this user', async () => {
    await run('remote set-url ubuntu https://mirror.example/ubuntu');
    await run('remote remove images');
    expect(await servers().resolve('ubuntu')).toMatchObject({ server: 'https://mirror.example/ubuntu' });
    expect(await names()).toEqual(['ubuntu', 'ubuntu-daily']);
    expect((await run('launch debian/12 d1')).err).toContain('The remote "images" doesn\'t exist');
    await run('remote add images https://images.example');
    expect(await names()).toEqual(['images', 'ubuntu', 'ubuntu-daily']);
  });

  it('lists them with the server itself', async () => {
    const { out } = await run('remote list -f csv');
    expect(out).toContain('ubuntu,https://cloud-images.ubuntu.com/releases,simplestreams,YES\n');
    expect(out).toContain('local (current),unix:///fake/unix.socket,lxd,NO\n');
  });

  it('keeps what else the file says', async () => {
    await writeFile(join(place, 'config.yml'), 'own: word\nremotes: {a: {addr: "https://a.example", protocol: simplestreams}}\n');
    await run('remote add b https://b.example');
    expect(await names()).toEqual(['a', 'b', 'images', 'ubuntu', 'ubuntu-daily']);
    expect(await readFile(join(place, 'config.yml'), 'utf8')).toContain('own: word');
  });

  it.each([
    ['remote add x http://images.example', 'Only https URLs are supported for simplestreams'],
    ['remote add x:y https://images.example', '"x:y" is no name of a remote'],
    ['remote add local https://images.example', 'Remote local exists'],
    ['remote add x https://images.example --protocol lxd', 'Servers of instances are not remotes of this version'],
    ['remote remove x', 'The remote "x" doesn\'t exist'],
    ['remote remove local', 'The remote "local" doesn\'t exist'],
  ])('%s is refused', async (words, text) => {
    expect(await run(words)).toMatchObject({ code: 1, err: expect.stringContaining(text) });
  });

  it('says where a file is wrong', async () => {
    await writeFile(join(place, 'config.yml'), 'remotes: {a: {addr: 1}}');
    expect((await run('remote list')).err).toContain(`${join(place, 'config.yml')}: the remote a is no image server`);
  });
});
