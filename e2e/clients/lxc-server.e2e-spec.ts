import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitor } from './monitor.ts';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const query = async (...args: string[]) => JSON.parse(await lxc.ok('query', ...args)) as never;

describe.skipIf(!lxcInstalled)("the server with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
  });
  afterAll(() => lxc.stop());

  it('shows lifecycle events as they come', async () => {
    const seen = await monitor(
      lxc,
      ['--type=lifecycle', '--pretty'],
      [/instance-created/, /instance-started/, /instance-exec/, /instance-stopped/, /instance-deleted/],
      async () => {
        await lxc.ok('launch', 'busybox', 'm');
        await lxc.ok('exec', 'm', '--', 'true');
        await lxc.ok('stop', '-f', 'm');
        await lxc.ok('delete', 'm');
      },
    );
    expect(seen).toMatch(/Action: instance-started, Source: \/1\.0\/instances\/m, Requestor: unix\/root/);
  });

  it('shows operations as they go', async () => {
    const seen = await monitor(
      lxc,
      ['--type=operation', '-f', 'json'],
      [/"description":"Creating instance"/, /"status":"Success"/],
      async () => {
        await lxc.ok('init', 'm', '--empty');
        await lxc.ok('delete', 'm');
      },
    );
    expect(seen).toMatch(/"description":"Creating instance"/);
    expect(seen).toContain('/1.0/instances/m');
  });

  it('lists and shows operations', async () => {
    await lxc.ok('init', 'o', '--empty');
    // Operations of the tests before can still be read, but not for long: it has to be this one.
    expect(await lxc.ok('operation', 'list', '-f', 'csv')).toContain('Creating instance');
    const listed: Record<string, { id: string; resources: { instances?: string[] } | null }[]> = await query('/1.0/operations?recursion=1');
    const { id } =
      Object.values(listed)
        .flat()
        .find(({ resources }) => resources?.instances?.includes('/1.0/instances/o')) ?? {};
    expect(await lxc.ok('operation', 'show', String(id))).toMatch(/class: task[\s\S]*status: Success/);
    expect(await lxc.fails('operation', 'show', 'nope')).toBe('Operation not found');
    expect(await lxc.fails('operation', 'delete', String(id))).toMatch(/can't be cancelled/);
    await lxc.ok('delete', 'o');
  });

  it('answers raw queries with filter and recursion, and every verb', async () => {
    expect(await query('/1.0/instances')).toEqual([]);
    expect(await query('/1.0/images?recursion=1&filter=properties.os+eq+BusyBox')).toHaveLength(1);
    expect(await query('/1.0/images?recursion=1&filter=properties.os+eq+Other')).toEqual([]);
    await lxc.ok('query', '-X', 'POST', '-d', '{"name":"q","description":"a"}', '/1.0/profiles');
    await lxc.ok('query', '-X', 'PATCH', '-d', '{"description":"b"}', '/1.0/profiles/q');
    expect(await query('/1.0/profiles/q')).toMatchObject({ description: 'b' });
    expect(await query('-X', 'PUT', '-d', '{"description":"c"}', '/1.0/profiles/q', '--raw')).toMatchObject({
      type: 'sync',
      status_code: 200,
    });
    expect(await query('--wait', '-X', 'POST', '-d', '{"name":"q","source":{"type":"none"}}', '/1.0/instances')).toMatchObject({
      status_code: 200,
    });
    expect(await query('--wait', '-X', 'DELETE', '/1.0/instances/q')).toMatchObject({ description: 'Deleting instance' });
    await lxc.ok('query', '-X', 'DELETE', '/1.0/profiles/q');
    expect(await lxc.fails('query', '/1.0/nowhere')).toBe('not found');
    expect(await lxc.fails('query', '-X', 'DELETE', '/1.0')).toBe('not implemented');
    expect(await lxc.fails('query', '-X', 'POST', '-d', '{', '/1.0/profiles')).toMatch(/not valid JSON/);
  });

  it('answers with empty lists where this version has nothing', async () => {
    await lxc.ok('init', 'e', '--empty');
    for (const path of ['certificates', 'instances/e/snapshots', 'instances/e/backups'])
      expect(await query(`/1.0/${path}?recursion=1`)).toEqual([]);
    expect(await query('/1.0/cluster')).toEqual({ server_name: '', enabled: false, member_config: [] });
    await lxc.ok('delete', 'e');
  });

  it('lists, shows, acknowledges and deletes warnings', async () => {
    await lxc.ok('init', 'busybox', 'w', '-c', 'boot.autostart=true', '-c', 'security.protection.start=true');
    await lxc.daemon.restart();
    let list = '';
    while (!list.includes('autostart')) list = await lxc.ok('warning', 'list', '-f', 'csv');
    const [, id = ''] = /^([0-9a-f-]{36}),Failed to autostart instance,NEW,LOW,1,default,/m.exec(list) ?? [];
    expect(await lxc.ok('warning', 'show', id)).toContain('entity_url: /1.0/instances/w\n');
    await lxc.ok('warning', 'ack', id);
    expect(await lxc.ok('warning', 'list', '-f', 'csv')).not.toContain(id);
    expect(await lxc.ok('warning', 'list', '--all', '-f', 'csv')).toContain(`${id},Failed to autostart instance,ACKNOWLEDGED,LOW,1,`);
    await lxc.ok('warning', 'delete', id);
    expect(await lxc.fails('warning', 'show', id)).toBe('Warning not found');
    expect(await lxc.ok('warning', 'list', '--all', '-f', 'csv')).not.toContain(id);
    await lxc.ok('delete', 'w');
  });

  it('tells the usage of a project', async () => {
    expect(await lxc.ok('project', 'info', 'default')).toMatch(/INSTANCES/i);
  });

  it.each([
    [['project', 'create', 'p'], /^not implemented: projects other than "default"$/],
    [['project', 'switch', 'p'], /^Project not found$/],
    [['project', 'set', 'default', 'user.x=y'], /^not implemented: changes of projects$/],
    [['cluster', 'list'], /"clustering" API extension/],
    [['query', '/1.0/metrics'], /^not implemented: metrics$/],
    [['query', '/1.0/cluster/members'], /^This server is not clustered$/],
  ])('refuses lxc %j in one clear sentence', async (args, sentence) => {
    expect(await lxc.fails(...args)).toMatch(sentence);
  });

  it('has one project', async () => {
    expect(await lxc.ok('project', 'list', '-f', 'csv')).toMatch(/^default \(current\),YES,YES,YES,YES,Default project,\d+\n$/);
    expect(await lxc.ok('project', 'get', 'default', 'features.images')).toBe('true\n');
  });
});
