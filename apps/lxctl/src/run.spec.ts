import { describe, expect, it } from 'vitest';
import { helpOf } from './run/parse.ts';
import { leaves } from './run/tree.ts';
import { FakeServer } from './testing/fake-server.ts';
import { lxctl } from './testing/lxctl.ts';
import { tree } from './tree.ts';

describe('the command line', () => {
  it('shows the verbs without words, and the help of each verb', async () => {
    expect((await lxctl(new FakeServer(), '')).out).toContain('launch');
    expect((await lxctl(new FakeServer(), 'image')).out).toContain('lxctl image <command>');
    const help = await lxctl(new FakeServer(), 'launch --help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('lxctl launch <image> [name] [flags]');
    expect((await lxctl(new FakeServer(), 'help config device add')).out).toContain('<instance> <device> <type> [key=value...]');
  });

  it('has a help for every verb', async () => {
    for (const { path, node } of leaves(tree)) {
      const { verb } = await node.load();
      expect(helpOf(`lxctl ${path.join(' ')}`, node.about, verb)).toContain(node.about);
    }
  });

  it('answers wrong use in one line and with 1', async () => {
    const wrong: [string, string][] = [
      ['lsit', 'unknown command "lsit" for "lxctl"; did you mean "list"?'],
      ['image frobnicate', 'unknown command "frobnicate" for "lxctl image"'],
      ['start --bogus c1', 'unknown option \'--bogus\' (see "lxctl start --help")'],
      ['copy a b --mode=push', '"lxctl copy --mode" is not supported: this version does not have copies between servers'],
      ['rename c1', "missing required argument 'new-name'"],
      ['rename c1 c2 c3', 'too many arguments'],
      ['stop --timeout soon c1', '"soon" is not a whole number'],
      ['list -f xml', '"xml" is not one of csv, json, table, yaml, compact'],
      ['exec c1 ls -l', 'put -- before a command that has flags'],
      ['info other:c1', 'The remote "other" doesn\'t exist'],
    ];
    for (const [words, text] of wrong) {
      const { code, err, out } = await lxctl(new FakeServer(), words);
      expect({ words, code, out }).toEqual({ words, code: 1, out: '' });
      expect(err).toMatch(/^Error: [^\n]*\n$/);
      expect(err).toContain(text);
    }
  });

  it("gives the server's words for its errors", async () => {
    const server = new FakeServer().error('GET /1.0/instances/c1?recursion=1', 404, 'Instance not found');
    expect(await lxctl(server, 'info c1')).toEqual({ code: 1, out: '', err: 'Error: Instance not found\n' });
  });

  it('takes global flags before and after the verb', async () => {
    const server = new FakeServer().sync('GET /1.0/profiles?project=p1&recursion=1', []);
    expect((await lxctl(server, '--project p1 profile list -f json')).out).toBe('[]\n');
    expect((await lxctl(server, 'profile list --project=p1 -f json')).out).toBe('[]\n');
  });

  it('prints versions, also without a server', async () => {
    const server = new FakeServer().sync('GET /1.0', { environment: { server_version: '5.0.2' } });
    expect((await lxctl(server, 'version')).out).toBe('Client version: 1.2.3\nServer version: 5.0.2\n');
    server.sync('GET /1.0', { environment: { server: 'lxctl', driver_version: '0.1.0', server_version: '5.0.2' } });
    expect((await lxctl(server, 'version')).out).toBe('Client version: 1.2.3\nServer version: 0.1.0 (API of LXD 5.0.2)\n');
    expect((await lxctl(server, '--version')).out).toBe('1.2.3\n');
  });
});
