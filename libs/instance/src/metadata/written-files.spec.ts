import { afterEach, expect, it } from 'vitest';
import type { WireImageTemplate } from '#lib/contract';
import { removeWorlds, World } from '../testing/world.ts';
import { noMetadata } from './document.ts';
import { mostWritten, writtenFiles } from './written-files.ts';

afterEach(removeWorlds);

const devices = { root: { type: 'disk', path: '/' } };
const template = (name: string, when: string[], change: Partial<WireImageTemplate> = {}): WireImageTemplate => ({
  when,
  create_only: false,
  template: name,
  properties: {},
  ...change,
});

async function setup(templates: Record<string, WireImageTemplate>, contents: Record<string, string>, pending?: string) {
  const world = await World.make();
  const row = await world.instance('c1', { volatile: { 'volatile.uuid': 'u', ...(pending && { 'volatile.apply_template': pending }) } });
  const { files } = world.instances.metadata;
  await files.write(row, { ...noMetadata, templates });
  for (const [name, content] of Object.entries(contents)) await files.writeTemplate(row, name, content);
  return { world, row, files, steps: () => writtenFiles(files, row, { config: { 'user.a': 'one\n' }, devices }) };
}

const texts = (steps: { target: string; content: Uint8Array }[]) =>
  steps.map(({ target, content }) => [target, Buffer.from(content).toString()]);

it('are none for an instance without templates', async () => {
  const world = await World.make();
  const row = await world.instance('c1');
  expect(await writtenFiles(world.instances.metadata.files, row, { config: {}, devices })).toEqual([]);
});

it('are those of what has happened, then those of every start', async () => {
  const { steps } = await setup(
    {
      '/start': template('a', ['start']),
      '/both': template('a', ['create', 'start']),
      '/made': template('a', ['create'], { create_only: true }),
      '/renamed': template('a', ['rename']),
    },
    { a: '{{ trigger }} {{ path }}' },
    'create',
  );
  const made = await steps();
  expect(texts(made)).toEqual([
    ['/both', 'create /both'],
    ['/made', 'create /made'],
    ['/both', 'start /both'],
    ['/start', 'start /start'],
  ]);
  expect(made.map(({ once, createOnly }) => [once, createOnly])).toEqual([
    [true, false],
    [true, true],
    [false, false],
    [false, false],
  ]);
});

it('know what templates of LXD know', async () => {
  const source = [
    '{{ container.name }} {{ instance.type }} {{ instance.architecture }} {{ instance.privileged }} {{ instance.ephemeral }}',
    '{{ config_get("user.a", "no") }}|{{ config_get("user.b", "no") }}|{{ config_get("volatile.uuid", "") }}',
    '{{ devices.root.path }} {{ properties.p }}{{ properties.q }}',
  ].join('\n');
  const { steps } = await setup({ 'etc/x': template('a', ['start'], { properties: { p: 'v' } }) }, { a: source });
  expect(texts(await steps())).toEqual([['/etc/x', 'c1 container x86_64 false false\none|no|u\n/ v']]);
});

it("pass cloud-init's data on, as LXD's images do", async () => {
  const seed = (key: string) => `{{ config_get("cloud-init.${key}", config_get("user.${key}", properties.default)) }}`;
  const templates = {
    '/var/lib/cloud/seed/nocloud-net/meta-data': template('meta', ['create', 'copy']),
    '/var/lib/cloud/seed/nocloud-net/user-data': template('user', ['create'], { properties: { default: '#cloud-config\n{}\n' } }),
    '/var/lib/cloud/seed/nocloud-net/vendor-data': template('vendor', ['create'], { properties: { default: '#cloud-config\n{}\n' } }),
  };
  const contents = {
    meta: '#cloud-config\ninstance-id: {{ container.name }}\nlocal-hostname: {{ container.name }}\n{{ config_get("user.meta-data", "") }}\n',
    user: seed('user-data'),
    vendor: seed('vendor-data'),
  };
  const { files, row } = await setup(templates, contents, 'create');
  const config = { 'cloud-init.user-data': '#cloud-config\nhostname: x\n', 'user.user-data': 'no', 'user.vendor-data': 'v' };
  expect(texts(await writtenFiles(files, row, { config, devices }))).toEqual([
    ['/var/lib/cloud/seed/nocloud-net/meta-data', '#cloud-config\ninstance-id: c1\nlocal-hostname: c1\n\n'],
    ['/var/lib/cloud/seed/nocloud-net/user-data', '#cloud-config\nhostname: x'],
    ['/var/lib/cloud/seed/nocloud-net/vendor-data', 'v'],
  ]);
});

it('fail with the name of the template that is at fault', async () => {
  const wrong = await setup({ '/x': template('a.tpl', ['start']) }, { 'a.tpl': '\n{{ nobody() }}' });
  await expect(wrong.steps()).rejects.toMatchObject({
    code: 'template.invalid',
    message: 'Template "a.tpl", line 2: "nobody" is not a function',
  });
  const missing = await setup({ '/x': template('gone.tpl', ['start']) }, {});
  await expect(missing.steps()).rejects.toMatchObject({ code: 'template.not_found' });
  const outside = await setup({ '/x': template('../metadata.json', ['start']) }, {});
  await expect(outside.steps()).rejects.toMatchObject({ code: 'template.bad_name' });
});

it('are bounded together', async () => {
  const templates = Object.fromEntries([1, 2].map((number) => [`/${number}`, template('a', ['start'])]));
  const { steps } = await setup(templates, { a: 'x'.repeat(mostWritten / 2 + 1) });
  await expect(steps()).rejects.toThrow('The templates make more than');
});

it('go into the plan of a start before all mounts, and what has happened is over then', async () => {
  const { world, row } = await setup({ '/x': template('a', ['rename']) }, { a: 'hello' }, 'rename');
  const started = await world.verbs.start.begin(row, { power: 'stopped', requestor: undefined } as never);
  expect((await started.done).status_code).toBe(200);
  const plan = world.keepers.plans.at(-1)!;
  expect(plan.mounts[0]).toMatchObject({ op: 'file', target: '/x', once: true });
  expect((await world.row(row.id)).volatile).not.toHaveProperty('volatile.apply_template');
});
