import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type BackupRequest, tarMembers } from '#lib/archive';
import { collect } from '#lib/client';
import { succeeded } from '#lib/engine';
import { stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { failureOf, removeWorlds, World } from '../testing/world.ts';

afterEach(removeWorlds);

const asked = (change: Partial<BackupRequest> = {}): BackupRequest => ({
  ...{ name: '', expiresAt: null, alone: false, optimized: false, compression: 'none' },
  ...change,
});

async function world(running: boolean, request = asked()) {
  const made = await World.make();
  const { id } = running ? (await made.running('c1')).row : await made.instance('c1');
  const row = await made.row(id);
  await made.instances.metadata.files.writeTemplate(row, 'hello.tpl', 'hello');
  await succeeded(await made.verbs.snapshot.begin(row, { name: 's', stateful: false, expiresAt: null }));
  return Object.assign(made, { id, row, params: await made.verbs.backup.prepare(row, request) });
}
type Backing = Awaited<ReturnType<typeof world>>;

const filesOf = async ({ on, id }: Backing) => readdir(join(on.host.homesDir, id, 'backups')).catch(() => []);
const backUp = async (made: Backing, change: Partial<BackupRequest> = {}) =>
  succeeded(await made.verbs.backup.begin(made.row, asked(change)));

/** Names of the members, and the content of those that are texts. */
async function membersOf(made: Backing, name: string): Promise<Map<string, string>> {
  const { id } = (await made.store.backups.get(made.id, name)) ?? { id: '' };
  const archive = await collect((await made.instances.backupFiles.read({ id: made.id, backupId: id })).content);
  const members = new Map<string, string>();
  for await (const { name: member, type, content } of tarMembers(
    (async function* () {
      yield archive;
    })(),
  ))
    members.set(member.replace(/\/$/, ''), type === 'file' ? (await content()).toString() : '');
  return members;
}

describe('backup.create', () => {
  const clean = async (made: Backing) => {
    expect(await made.store.backups.list(null)).toEqual([]);
    expect(await filesOf(made)).toEqual([]);
    expect(made.storage.made.size).toBe(2);
    expect(await made.store.volumes.snapshots(made.id)).toHaveLength(1);
    expect(await made.instances.reader.power({ id: made.id })).not.toBe('frozen');
  };
  const done = async (made: Backing) => {
    expect(await made.store.backups.list(null)).toMatchObject([{ name: 'backup0', ownerId: made.id }]);
    expect(await filesOf(made)).toEqual([made.params.backupId]);
    expect(made.storage.made.size).toBe(2);
    expect(await made.store.volumes.snapshots(made.id)).toHaveLength(1);
  };

  it('leaves nothing, wherever it is cut off', async () => {
    await unwindsFromEveryStep(
      (made: Backing) => made.operations.backup,
      () => world(false),
      clean,
    );
    await unwindsFromEveryStep(
      (made: Backing) => made.operations.backup,
      () => world(true),
      clean,
    );
  });

  it('does the same twice as once', async () => {
    await stepsAreIdempotent(
      (made: Backing) => made.operations.backup,
      () => world(true),
      done,
      clean,
    );
  });

  it('writes the instance, its snapshots and what it has of its image, in the form of LXD', async () => {
    const made = await world(true);
    await backUp(made, { name: 'b' });
    const members = await membersOf(made, 'b');
    expect([...members.keys()]).toEqual([
      'backup/index.yaml',
      'backup/snapshots',
      ...['', '/backup.yaml', '/metadata.yaml', '/templates', '/templates/hello.tpl', '/rootfs', '/rootfs/of'].map(
        (end) => `backup/snapshots/s${end}`,
      ),
      ...['', '/backup.yaml', '/metadata.yaml', '/templates', '/templates/hello.tpl', '/rootfs', '/rootfs/of'].map(
        (end) => `backup/container${end}`,
      ),
    ]);
    const index = parse(members.get('backup/index.yaml') ?? '') as { config: { container: unknown } };
    expect(index).toMatchObject({
      ...{ name: 'c1', backend: 'dir', pool: 'default', snapshots: ['s'], optimized: false, type: 'container' },
      config: {
        container: { name: 'c1', profiles: ['default'], status: 'Running', config: { 'volatile.eth0.hwaddr': '00:16:3e:00:00:01' } },
        snapshots: [{ name: 's' }],
        volume_snapshots: [{ name: 's' }],
        profiles: [{ name: 'default' }],
        pool: { name: 'default', driver: 'dir' },
      },
    });
    expect(parse(members.get('backup/container/backup.yaml') ?? '')).toEqual(index.config);
    const [snapshot] = await made.store.snapshots.list([made.id]);
    expect(members.get('backup/snapshots/s/rootfs/of')).toBe(snapshot?.id);
    // Not the root, which goes on to change.
    expect(members.get('backup/container/rootfs/of')).not.toBe(made.id);
  });

  it('reads what does not run as it is, without its snapshots where that is asked for', async () => {
    const made = await world(false);
    await backUp(made, { alone: true });
    const members = await membersOf(made, 'backup0');
    expect(members.get('backup/container/rootfs/of')).toBe(made.id);
    expect([...members.keys()].filter((name) => name.startsWith('backup/snapshots'))).toEqual([]);
    await backUp(made);
    expect(await made.instances.reader.backupViews(made.row)).toMatchObject([
      { name: 'backup0', instance_only: true, container_only: true, expires_at: '0001-01-01T00:00:00Z' },
      { name: 'backup1', instance_only: false, optimized_storage: false },
    ]);
    expect(made.actions).toEqual(['instance-snapshot-created', 'instance-backup-created', 'instance-backup-created']);
  });

  it.each([
    [{ name: 'a/b' }, 'Backup names may not contain slashes'],
    [{ name: '..' }, 'Invalid backup name: ".."'],
    [{ expiresAt: 'soon' }, 'Invalid expiry date: "soon"'],
    [{ compression: 'foo' }, 'Invalid compression algorithm "foo"'],
    [{ optimized: true }, 'optimized_storage'],
    [{ name: 'a/b', expiresAt: 'soon' }, 'Backup names may not contain slashes; Invalid expiry date: "soon"'],
  ])('refuses %j', async (change, words) => {
    const made = await world(false);
    expect((await failureOf(backUp(made, change))).message).toContain(words);
    await clean(made);
  });

  it('has a name once', async () => {
    const made = await world(false);
    await backUp(made, { name: 'b' });
    expect((await failureOf(backUp(made, { name: 'b' }))).message).toBe('Backup "c1/b" already exists');
    await backUp(made, { name: 'c' });
    const row = await made.instances.reader.backupRow(made.row, 'c');
    expect((await failureOf(made.verbs.backupRename.begin(made.row, row, 'b'))).message).toBe('Backup "c1/b" already exists');
    expect((await failureOf(made.verbs.backupRename.begin(made.row, row, ''))).message).toContain('no name');
    await succeeded(await made.verbs.backupRename.begin(made.row, row, 'd'));
    expect((await made.instances.reader.backupViews(made.row)).map(({ name }) => name).sort()).toEqual(['b', 'd']);
  });
});

describe('a backup', () => {
  it('goes when its time is over, or is deleted, or its instance is', async () => {
    const made = await world(false);
    await backUp(made, { name: 'a', expiresAt: '2026-01-02T03:05:00Z' });
    await backUp(made, { name: 'b' });
    await made.instances.sweeps.sweep();
    expect(await filesOf(made)).toHaveLength(2);
    made.clock = '2026-01-02T03:05:00Z';
    await made.instances.sweeps.sweep();
    expect((await made.store.backups.list(null)).map(({ name }) => name)).toEqual(['b']);
    expect(await filesOf(made)).toHaveLength(1);
    await backUp(made, { name: 'c' });
    await succeeded(await made.verbs.backupDelete.begin(made.row, await made.instances.reader.backupRow(made.row, 'b')));
    expect(await filesOf(made)).toHaveLength(1);
    await succeeded(await made.verbs.delete.begin(made.row));
    expect([await made.store.backups.list(null), await filesOf(made), made.problems]).toEqual([[], [], []]);
  });
});
