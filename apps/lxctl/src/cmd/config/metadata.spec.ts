import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

const metadata = {
  architecture: 'x86_64',
  creation_date: 1,
  expiry_date: 0,
  properties: { os: 'Tiny' },
  templates: { '/etc/hostname': { when: ['create'], create_only: false, template: 'hostname.tpl', properties: {} } },
};
const base = '/1.0/instances/c1/metadata';

describe('config metadata', () => {
  it('shows it as YAML', async () => {
    const { out } = await lxctl(new FakeServer().sync(`GET ${base}`, metadata), 'config metadata show c1');
    expect(out).toContain('architecture: x86_64\n');
    expect(out).toContain('    template: hostname.tpl\n');
  });

  it('sends what is piped in, and what the editor made, guarded by the ETag', async () => {
    const server = new FakeServer().sync(`GET ${base}`, metadata, '"e1"').sync(`PUT ${base}`, {});
    await lxctl(server, 'config metadata edit c1', (io) => {
      io.document = 'architecture: aarch64\n';
    });
    await lxctl(server, 'config metadata edit c1', (io) => {
      io.terminal.in = true;
      io.editor = (text) => text.replace('Tiny', 'Small');
    });
    expect(server.sent(`PUT ${base}`)).toEqual([{ architecture: 'aarch64' }, { ...metadata, properties: { os: 'Small' } }]);
    expect(server.asked.filter(({ route }) => route === `PUT ${base}`).map(({ headers }) => headers['if-match'])).toEqual([
      undefined,
      '"e1"',
    ]);
  });

  it('opens the editor again when the server refuses', async () => {
    const server = new FakeServer().sync(`GET ${base}`, metadata).error(`PUT ${base}`, 400, 'not so');
    let edits = 0;
    const { err } = await lxctl(server, 'config metadata edit c1', (io) => {
      io.terminal.in = true;
      io.editor = (text) => (++edits === 1 ? `${text}\n` : text.trimEnd().concat('\n'));
    });
    expect(edits).toBe(2);
    expect(err).toContain('Error: not so\n');
  });
});

describe('config template', () => {
  const server = () =>
    new FakeServer()
      .sync(`GET ${base}/templates`, ['a.tpl', 'b.tpl'])
      .raw(`GET ${base}/templates?path=a.tpl`, '{{ path }}\n\x1b[2J')
      .sync(`POST ${base}/templates?path=a.tpl`, {})
      .sync(`POST ${base}/templates?path=new.tpl`, {})
      .sync(`DELETE ${base}/templates?path=a.tpl`, {});

  it('lists and shows', async () => {
    expect((await lxctl(server(), 'config template list c1 -f csv')).out).toBe('a.tpl\nb.tpl\n');
    expect((await lxctl(server(), 'config template show c1 a.tpl')).out).toBe('{{ path }}\n\x1b[2J');
    const onScreen = await lxctl(server(), 'config template show c1 a.tpl', (io) => {
      io.terminal.out = true;
    });
    expect(onScreen.out).toBe('{{ path }}\n?[2J');
  });

  it('creates, edits and deletes', async () => {
    const fake = server();
    expect(await lxctl(fake, 'config template create c1 new.tpl')).toEqual({ code: 0, out: '', err: '' });
    expect((await lxctl(fake, 'config template create c1 a.tpl')).err).toBe('Error: The template a.tpl is there already\n');
    await lxctl(fake, 'config template edit c1 a.tpl', (io) => {
      io.document = '{{ trigger }}';
    });
    await lxctl(fake, 'config template delete c1 a.tpl');
    expect(fake.sent(`POST ${base}/templates?path=new.tpl`)).toEqual(['']);
    expect(fake.sent(`POST ${base}/templates?path=a.tpl`)).toEqual(['{{ trigger }}']);
    expect(fake.sent(`DELETE ${base}/templates?path=a.tpl`)).toHaveLength(1);
  });
});
