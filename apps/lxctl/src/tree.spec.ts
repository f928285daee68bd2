import { expect, it } from 'vitest';
import { FakeServer } from './testing/fake-server.ts';
import { lxctl } from './testing/lxctl.ts';
import { tree } from './tree.ts';
import { find, isGroup } from './run/tree.ts';

/** The words of LXD 5.0's command, by the words before them (as its help lists them). */
const theirs: Record<string, string> = {
  '': 'alias cluster config console copy delete exec export file image import info launch list move network operation profile project publish remote rename restart restore snapshot start stop storage version warning',
  alias: 'add list remove rename',
  cluster: 'add edit enable evacuate get group list list-tokens remove rename restore revoke-token role set show unset update-certificate',
  'cluster group': 'assign create delete edit list remove rename show',
  'cluster role': 'add remove',
  config: 'device edit get metadata set show template trust unset',
  'config device': 'add get list override remove set show unset',
  'config metadata': 'edit show',
  'config template': 'create delete edit list show',
  'config trust': 'add edit list list-tokens remove revoke-token show',
  file: 'delete edit mount pull push',
  image: 'alias copy delete edit export get-property import info list refresh set-property show unset-property',
  'image alias': 'create delete list rename',
  network:
    'acl attach attach-profile create delete detach detach-profile edit forward get info list list-leases peer rename set show unset zone',
  'network acl': 'create delete edit get list rename rule set show show-log unset',
  'network acl rule': 'add remove',
  'network forward': 'create delete edit get list port set show unset',
  'network forward port': 'add remove',
  'network peer': 'create delete edit get list set show unset',
  'network zone': 'create delete edit get list record set show unset',
  'network zone record': 'create delete edit entry get list set show unset',
  'network zone record entry': 'add remove',
  operation: 'delete list show',
  profile: 'add assign copy create delete device edit get list remove rename set show unset',
  'profile device': 'add get list remove set show unset',
  project: 'create delete edit get info list rename set show switch unset',
  remote: 'add get-default list remove rename set-url switch',
  storage: 'create delete edit get info list set show unset volume',
  'storage volume':
    'attach attach-profile copy create delete detach detach-profile edit export get import info list move rename restore set show snapshot unset',
  warning: 'acknowledge delete list show',
};

const calls = Object.entries(theirs).flatMap(([before, words]) => words.split(' ').map((word) => `${before} ${word}`.trim()));

it.each(calls)('%s is there, or refused in words that say so', async (words) => {
  const { node, path, rest } = find(tree, words.split(' '));
  if (rest.length === 0) return expect(node).toBeDefined();
  expect(isGroup(node)).toBe(true);
  const { code, out, err } = await lxctl(new FakeServer(), words);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(`Error: "${['lxctl', ...path, rest[0]].join(' ')}" is not supported: this version does not have `);
  expect(err).not.toContain('did you mean');
});

it('guesses at slips of the pen alone', async () => {
  expect((await lxctl(new FakeServer(), 'lsit')).err).toContain('did you mean "list"');
  expect((await lxctl(new FakeServer(), 'restore c1 s1')).err).not.toContain('restart');
});
