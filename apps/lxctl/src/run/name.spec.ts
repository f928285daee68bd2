import { describe, expect, it } from 'vitest';
import type { FakeIo } from '../testing/fake-io.ts';
import { lxctl } from '../testing/lxctl.ts';
import { StrictServer } from '../testing/strict-server.ts';
import { tree } from '../tree.ts';
import { leaves } from './tree.ts';

/** What stands for each word of a verb's arguments, and whether it names something of a server. */
const samples: Record<string, { word: string; named: boolean }> = {
  ...Object.fromEntries(
    [
      'instance',
      'image',
      'profile',
      'profiles',
      'network',
      'pool',
      'alias',
      'operation',
      'warning',
      'name',
      'new-name',
      'filter',
      'recipe',
    ].map((name) => [name, { word: name === 'new-name' ? 'c2' : 'c1', named: true }]),
  ),
  remote: { word: '', named: true },
  path: { word: '/1.0', named: true },
  device: { word: 'eth1', named: false },
  interface: { word: 'eth1', named: false },
  type: { word: 'nic', named: false },
  driver: { word: 'dir', named: false },
  volume: { word: 'custom/c1', named: false },
  snapshot: { word: 'snap0', named: false },
  key: { word: 'user.a', named: false },
  property: { word: 'os', named: false },
  value: { word: 'text', named: false },
  shell: { word: 'bash', named: false },
  directory: { word: '/nowhere', named: false },
  'key=value': { word: 'user.a=b', named: false },
  command: { word: 'true', named: false },
  'backup-file': { word: '/nowhere/file', named: false },
  target: { word: '/nowhere/file', named: false },
  source: { word: '/nowhere/file', named: false },
  template: { word: 'a.tpl', named: false },
  'image-server': { word: 'images', named: false },
  'new-image-server': { word: 'ours', named: false },
  URL: { word: 'https://images.example', named: false },
};

/** Of every verb: its words, and the place of each that may carry a remote. */
const calls = await Promise.all(
  leaves(tree).map(async ({ path, node }) => {
    const { verb } = await node.load();
    const args = verb.args === '<words...>' ? '<instance> <key=value>' : verb.args;
    const words = args.split(' ').filter((word) => word !== '' && !['<file>', '[words...]'].includes(word));
    return { path, words: words.map((word) => samples[word.replace(/[<>[\]]|\.\.\./g, '')]), args };
  }),
);
const places = calls.flatMap(({ path, words, args }) =>
  words.flatMap((sample, at) => (sample?.named ? [{ title: `${path.join(' ')} ${args} (word ${at + 1})`, path, words, at }] : [])),
);

const terminal = (io: FakeIo) => void (io.terminal = { in: false, out: false, err: false });
const typed = (words: (typeof calls)[number]['words'], at: number, remote: string) =>
  words.map((sample, place) => `${place === at ? remote : ''}${sample?.word ?? ''}`).filter(Boolean);

describe('a name with a remote', () => {
  it('is tried on every verb that takes one', () => {
    expect(calls.filter(({ words }) => words.includes(undefined)).map(({ path }) => path.join(' '))).toEqual([]);
    expect(places.length).toBeGreaterThan(70);
  });

  it.each(places)('is refused where nobody knows it: $title', async ({ path, words, at }) => {
    const server = new StrictServer();
    const { code, err } = await lxctl(server, [...path, ...typed(words, at, 'nowhere:')], terminal);
    expect({ code, err, sockets: server.sockets }).toMatchObject({
      code: 1,
      err: expect.stringContaining('The remote "nowhere" doesn\'t exist'),
      sockets: [],
    });
    expect(server.asked.filter(({ route }) => !route.startsWith('GET '))).toEqual([]);
  });

  it.each(places.filter(({ path }) => path[0] !== 'monitor'))('is the same as without it: $title', async ({ path, words, at }) => {
    const [plain, local] = [new StrictServer(), new StrictServer()];
    const outcome = await lxctl(plain, [...path, ...typed(words, at, '')], terminal);
    const other = await lxctl(local, [...path, ...typed(words, at, 'local:')], terminal);
    expect(local.asked).toEqual(plain.asked);
    expect(other.code).toBe(outcome.code);
  });

  it.each(['profile show local:', 'stop local:', 'network rename local: x', 'storage info :', 'image info local:'])(
    'is no name alone: %s',
    async (words) => {
      expect((await lxctl(new StrictServer(), words)).err).toMatch(/^Error: The name of an? [a-z ]+ is missing\n$/);
    },
  );

  it.each(['profile list c1', 'version 5.0', 'storage list default', 'monitor x'])(
    'is a remote where no name is taken: %s',
    async (words) => {
      expect((await lxctl(new StrictServer(), words)).err).toContain('is not a remote');
    },
  );
});
