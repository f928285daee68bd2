import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';
import { needsState } from './list/columns.ts';
import { matches } from './list/filter.ts';

const full = 'GET /1.0/instances?recursion=2&filter=';
const stopped = instance({ name: 'c10', status: 'Stopped', status_code: 102, ephemeral: true, state: null, expanded_config: {} });

describe('list', () => {
  it('draws a table, names in their natural order', async () => {
    const server = new FakeServer().sync(full, [stopped, instance({ name: 'c2' })]);
    expect((await lxctl(server, 'list')).out).toMatchInlineSnapshot(`
      "+------+---------+-----------------+----------------+-----------------------+-----------+
      | NAME |  STATE  |      IPV4       |      IPV6      |         TYPE          | SNAPSHOTS |
      +------+---------+-----------------+----------------+-----------------------+-----------+
      | c2   | RUNNING | 10.0.0.2 (eth0) | fd42::2 (eth0) | CONTAINER             | 0         |
      +------+---------+-----------------+----------------+-----------------------+-----------+
      | c10  | STOPPED |                 |                | CONTAINER (EPHEMERAL) | 0         |
      +------+---------+-----------------+----------------+-----------------------+-----------+
      "
    `);
  });

  it('writes csv, json, yaml and compact', async () => {
    const server = new FakeServer().sync(full, [instance({ description: 'a "b", c' })]);
    expect((await lxctl(server, 'list -c nd4 -f csv')).out).toBe('c1,"a ""b"", c",10.0.0.2 (eth0)\n');
    expect(JSON.parse((await lxctl(server, 'list -f json')).out)).toMatchObject([{ name: 'c1', state: { pid: 4711 } }]);
    expect((await lxctl(server, 'list --format=yaml')).out).toContain('- name: c1\n');
    expect((await lxctl(server, 'ls -c ns4 -f compact')).out).toBe(
      '  NAME   STATE        IPV4\n  c1    RUNNING  10.0.0.2 (eth0)\n'.replace('NAME   STATE        IPV4', 'NAME  STATE    IPV4'),
    );
  });

  it('knows all columns and keys as columns', async () => {
    const server = new FakeServer().sync(full, [instance()]);
    const { out } = await lxctl(server, 'list -f csv -c abcDefFlLmMNpPu,limits.memory:MEM:3,devices:eth0.network');
    expect(out).toBe(
      'x86_64,default,2026/01/01 10:00 UTC,1.50KiB,default,f00dfacef00d,f00dfacef00dfacef00d,,none,50.00MiB,50.0%,5,4711,default,2s,100,lxctlbr0\n',
    );
    expect((await lxctl(server, 'list -c n,x')).err).toContain('Unknown column "x"');
  });

  it('asks for the state only when it is shown', async () => {
    const server = new FakeServer().sync('GET /1.0/instances?recursion=1&filter=', [
      instance({ state: undefined as never, snapshots: [] }),
    ]);
    expect((await lxctl(server, 'list --fast -f csv')).out).toBe('c1,RUNNING,x86_64,2026/01/01 10:00 UTC,default,CONTAINER\n');
    expect(needsState('ns,limits.memory')).toBe(false);
    expect(needsState('n4')).toBe(true);
  });

  it('colours states only on a terminal', async () => {
    const server = new FakeServer().sync(full, [instance()]);
    expect((await lxctl(server, 'list', (io) => Object.assign(io, { color: true }))).out).toContain('| \x1b[32mRUNNING\x1b[39m |');
    expect((await lxctl(server, 'list')).out).not.toContain('\x1b');
  });
});

describe('words of list', () => {
  it('are refused where they contradict or say nothing', async () => {
    const server = new FakeServer().sync(full, [instance()]).sync(full.replace('2', '1'), [instance()]);
    for (const words of ['list --fast -c n', 'list -c n --fast'])
      expect((await lxctl(server, words)).err).toBe("Error: Can't specify --fast with --columns\n");
    expect((await lxctl(server, 'list status=')).err).toBe('Error: The filter "status=" has no value\n');
  });
});

describe('filters', () => {
  it.each([
    [['c'], true],
    [['.*1'], true],
    [['d'], false],
    [['user.role=web'], true],
    [['u.role=w.b'], true],
    [['u.role=db'], false],
    [['security.privileged=true', 'status=running,frozen'], true],
    [['type=virtual-machine'], false],
    [['ipv4=10.0.0.2'], true],
    [['ipv4=10.0.0.0/24'], true],
    [['ipv4=10.0.1.0/24'], false],
    [['ipv6=fd42::/16'], true],
    [['['], false],
    [['name=c1'], true],
    [['name=C1'], true],
    [['name=c'], false],
    [['name=c.*'], true],
    [['name=c1,c2'], false],
    [['user.role='], false],
    [['user.none='], true],
    [['u.role='], true],
    [['project=default'], true],
    [['nowhere=x'], false],
    [['ipv4=10.0.0.0/33'], false],
    [['ipv4=fd42::2'], false],
    [['ipv6=fd42:0::2'], true],
  ])('%j -> %s', (filters, expected) => {
    expect(matches(instance(), filters)).toBe(expected);
  });
});
