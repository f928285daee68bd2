import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeServer } from '../testing/fake-server.ts';
import { instance } from '../testing/instance.ts';
import { lxctl } from '../testing/lxctl.ts';
import { drawTable } from './table.ts';

const hostile = 'x\x1b[2J\u202ey\x07\x9b1m';
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;
const image = {
  fingerprint: 'f'.repeat(64),
  properties: { description: hostile, [hostile]: hostile },
  aliases: [{ name: hostile, description: hostile }],
  ...{ architecture: hostile, type: 'container', size: 1, public: false, cached: false, auto_update: false, profiles: [hostile] },
};

describe('bytes of control that an image or a guest chose', () => {
  it('are question marks in tables', () => {
    const table = drawTable(['IPV4'], [['10.0.0.1 (\x1b[2J\u202eeth0\x07)\n10.0.0.2']]);
    expect(table).toContain('10.0.0.1 (?[2J?eth0?)');
    expect(table.split('\n')).toHaveLength(6);
  });

  it.each([
    ...['csv', 'json', 'yaml', 'table', 'compact'].flatMap((format) => [`image list -f ${format}`, `image alias list -f ${format}`]),
    ...['csv', 'json', 'yaml', 'table', 'compact'].map((format) => `list -c nd,image.description -f ${format}`),
    ...['image info f00', 'image show f00', 'info c1', 'config show c1', 'config show -e c1', 'config get c1 image.description'],
    ...['config device list c1', 'config device show c1', 'query /1.0/images?recursion=1', 'query /1.0/instances/c1', 'start c2'],
  ])('do not reach the terminal by %s', async (words) => {
    const config = { 'image.description': hostile };
    const odd = instance({
      description: hostile,
      config,
      expanded_config: config,
      devices: { [hostile]: { type: 'none', [hostile]: hostile } },
    });
    const server = new FakeServer()
      .sync('GET /1.0/images?recursion=1', [image])
      .sync('GET /1.0/images/aliases?recursion=1', [{ ...image.aliases[0], type: 'container', target: image.fingerprint }])
      .sync('GET /1.0/images/aliases/f00', { target: image.fingerprint })
      .sync(`GET /1.0/images/${image.fingerprint}`, image)
      .sync('GET /1.0/instances/c1', odd)
      .sync('GET /1.0/instances/c1?recursion=1', odd)
      .sync('GET /1.0/instances?recursion=1&filter=', [odd])
      .sync('GET /1.0/instances?recursion=2&filter=', [odd])
      .error('GET /1.0/instances/c2', 404, `no ${hostile}`);
    const { out, err } = await lxctl(server, words);
    expect(out + err).not.toMatch(control);
    expect(out + err).toMatch(/\?\[2J|\\u001b\[2J|\\e\[2J|"value"|x/);
    if (!words.startsWith('start')) expect(err).toBe('');
  });

  it("have one way out: what is written to the stream itself is a command's output, a console or a raw answer", () => {
    const root = join(import.meta.dirname, '..');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.ts') && !/spec|testing/.test(path),
    );
    const writers = files.filter((path) => /stdout\.write\(/.test(readFileSync(join(root, path), 'utf8'))).sort();
    expect(writers).toEqual([
      ...['cmd/instance/console.ts', 'cmd/server/query.ts', 'main.ts', 'output/format.ts', 'output/print.ts'],
      ...['run/execute.ts', 'run/group-help.ts'],
    ]);
  });
});
