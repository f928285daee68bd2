import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { templateLimit } from '#lib/template';
import { removeWorlds, World } from '../../../../libs/instance/src/testing/world.ts';
import { type RimServer, serveRim } from '../testing/rim-server.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { MetadataController } from './metadata.controller.ts';

const url = '/1.0/instances/c1/metadata';
const nothing = { architecture: '', creation_date: 0, expiry_date: 0, properties: {}, templates: {} };
const document = {
  architecture: 'x86_64',
  creation_date: 17,
  expiry_date: 0,
  properties: { os: 'Tiny' },
  templates: { '/etc/hosts': { when: ['create', 'start'], create_only: true, template: 'hosts.tpl', properties: { a: 'b' } } },
};

let world: World;
let rim: RimServer;

beforeEach(async () => {
  world = await World.make();
  await world.instance('c1');
  const providers = [
    { provide: INSTANCES, useValue: world.instances },
    { provide: ENGINE, useValue: world.engine },
  ];
  rim = await serveRim({ controllers: [MetadataController], providers });
});
afterEach(async () => {
  await rim.close();
  await removeWorlds();
});

describe('the metadata of an instance', () => {
  it('is empty where there is none, and is replaced and merged', async () => {
    expect((await rim.call('GET', url)).metadata).toEqual(nothing);
    expect((await rim.call('PUT', url, document)).status).toBe(200);
    expect((await rim.call('GET', url)).metadata).toEqual(document);
    await rim.call('PATCH', url, { properties: { release: '1' } });
    expect((await rim.call('GET', url)).metadata).toEqual({ ...document, properties: { os: 'Tiny', release: '1' } });
    await rim.call('PUT', url, {});
    expect((await rim.call('GET', url)).metadata).toEqual(nothing);
    expect(world.actions.filter((action) => action === 'instance-metadata-updated')).toHaveLength(3);
  });

  it('is kept from a change that another made meanwhile', async () => {
    const { headers } = await rim.call('GET', url);
    await rim.call('PUT', url, document);
    expect((await rim.call('PUT', url, {}, { 'if-match': headers.etag ?? '' })).status).toBe(412);
    expect((await rim.call('PATCH', url, {}, { 'if-match': headers.etag ?? '' })).status).toBe(412);
    expect((await rim.call('GET', url)).metadata).toEqual(document);
  });

  it('names all that is wrong, and stays as it was', async () => {
    await rim.call('PUT', url, document);
    const templates = { 'etc/x': { when: ['boot'], template: '../x' }, '/y': { when: ['start'], template: 'y' } };
    const { status, error } = await rim.call('PUT', url, { templates });
    expect(status).toBe(400);
    expect(error).toContain('The path "etc/x" of a template is not absolute');
    expect(error).toContain('Invalid template filename "../x" for "etc/x"');
    expect(error).toContain('Unknown trigger "boot"');
    expect((await rim.call('PUT', url, { templates: { '/x': { when: 'start' } } })).error).toContain(
      'templates must be a map of templates',
    );
    expect((await rim.call('GET', url)).metadata).toEqual(document);
    expect((await rim.call('GET', '/1.0/instances/nobody/metadata')).status).toBe(404);
  });
});

describe('the templates of an instance', () => {
  const templates = `${url}/templates`;
  const write = (path: string, text: string, type = 'application/octet-stream') =>
    rim.call('POST', `${templates}?path=${encodeURIComponent(path)}`, Buffer.from(text), { 'content-type': type });

  it('are written, listed, read and deleted, whatever content type they come with', async () => {
    expect((await rim.call('GET', templates)).metadata).toEqual([]);
    expect((await write('b.tpl', '{{ container.name }}')).status).toBe(200);
    expect((await write('a.tpl', '{"json": 1}', 'application/x-www-form-urlencoded')).status).toBe(200);
    expect((await write('a.tpl', '{"json": 2}', 'application/json')).status).toBe(200);
    expect((await rim.call('GET', templates)).metadata).toEqual(['a.tpl', 'b.tpl']);
    expect((await rim.bytes(`${templates}?path=b.tpl`)).content.toString()).toBe('{{ container.name }}');
    expect((await rim.bytes(`${templates}?path=a.tpl`)).content.toString()).toBe('{"json": 2}');
    expect((await rim.call('DELETE', `${templates}?path=a.tpl`)).status).toBe(200);
    expect((await rim.call('DELETE', `${templates}?path=a.tpl`)).error).toBe('Template "a.tpl" not found');
    expect((await rim.call('GET', templates)).metadata).toEqual(['b.tpl']);
  });

  it.each(['../metadata.json', 'a/b', '..', '.hidden', '/etc/passwd', 'x'.repeat(201)])('are never at %j', async (path) => {
    const query = `${templates}?path=${encodeURIComponent(path)}`;
    for (const answer of [await write(path, 'x'), await rim.call('GET', query), await rim.call('DELETE', query)]) {
      expect(answer).toMatchObject({ status: 400, error: 'Invalid template filename' });
    }
  });

  it('are refused when they cannot work', async () => {
    expect((await write('x.tpl', '{% include "/etc/shadow" %}')).error).toBe('Template "x.tpl", line 1: unknown tag "include"');
    expect((await write('x.tpl', 'a'.repeat(templateLimit + 1))).status).toBe(413);
    expect((await rim.call('POST', templates, Buffer.from('x'), { 'content-type': 'text/plain' })).error).toBe('missing path argument');
    const binary = await rim.call('POST', `${templates}?path=x.tpl`, Buffer.from([0xff, 0xfe]), { 'content-type': 'text/plain' });
    expect(binary.error).toBe('Template "x.tpl" is not text (UTF-8)');
    expect((await rim.call('GET', templates)).metadata).toEqual([]);
  });
});

describe('the templates of an image', () => {
  it('come with the instance, but no link and nothing strange', async () => {
    const tree = join(world.on.host.homesDir, '..', 'tree');
    await mkdir(join(tree, 'templates'), { recursive: true });
    await writeFile(join(tree, 'templates', 'hosts.tpl'), 'h');
    await writeFile(join(tree, 'templates', 'large.tpl'), 'a'.repeat(templateLimit + 1));
    await symlink('/etc/passwd', join(tree, 'templates', 'link.tpl'));
    await mkdir(join(tree, 'templates', 'directory.tpl'));
    const row = (await world.store.instances.get('default', 'c1'))!;
    await world.instances.metadata.files.create(row, { ...document, junk: { deep: [1] } }, async () => tree);
    expect((await rim.call('GET', url)).metadata).toEqual(document);
    expect((await rim.call('GET', `${url}/templates`)).metadata).toEqual(['hosts.tpl']);
  });

  it('of a stranger say nothing that is not of the shape', async () => {
    const row = (await world.store.instances.get('default', 'c1'))!;
    const strange = {
      architecture: 1,
      creation_date: 'x',
      properties: [1],
      templates: { '/x': null, '/y': { when: 'start', template: 7 } },
    };
    await world.instances.metadata.files.create(row, strange as never, async () => '/nowhere');
    const empty = { when: [], create_only: false, template: '', properties: {} };
    expect((await rim.call('GET', url)).metadata).toEqual({ ...nothing, templates: { '/x': empty, '/y': empty } });
  });
});
