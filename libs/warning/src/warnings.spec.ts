import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { LifecycleMetadata } from '#lib/contract';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { Warnings } from './warnings.ts';

function setup() {
  const store = new MemoryStore();
  const told: LifecycleMetadata[] = [];
  const problems: string[] = [];
  let now = new Date('2026-01-02T03:04:05Z');
  const warnings = new Warnings({
    store,
    events: { lifecycle: (_: string, metadata: LifecycleMetadata) => void told.push(metadata) } as never,
    now: () => now,
    report: (message) => void problems.push(message),
  });
  const pass = (ms: number) => (now = new Date(now.getTime() + ms));
  return { store, warnings, told, problems, pass };
}

const requestor = { username: 'root', protocol: 'unix', address: '@' } as never;

async function withPool() {
  const made = setup();
  const { id } = await made.store.pools.insert({ name: 'p1', driver: 'dir', description: '', config: {} });
  return { ...made, subject: { entity: 'pool', id, project: '' } as const };
}

describe('warnings', () => {
  it('are one a type and subject, and counted', async () => {
    const { warnings, pass, subject } = await withPool();
    warnings.tell('pool.unavailable', 'one', subject);
    await warnings.written();
    pass(1000);
    warnings.tell('cgroup.pids', 'none');
    warnings.tell('pool.unavailable', 'two', subject);
    await warnings.written();
    expect(await warnings.list(null)).toMatchObject([
      {
        type: 'Storage pool unavailable',
        severity: 'high',
        status: 'new',
        count: 2,
        last_message: 'two',
        entity_url: '/1.0/storage-pools/p1',
      },
      {
        type: "Couldn't find the CGroup pids controller",
        count: 1,
        entity_url: '',
        project: '',
        first_seen_at: '2026-01-02T03:04:06.000Z',
      },
    ]);
    expect(await warnings.list('default')).toEqual([]);
  });

  it('end, are shown for a day, and begin anew', async () => {
    const { warnings, pass, subject, store } = await withPool();
    warnings.tell('pool.unavailable', 'x', subject);
    warnings.over('pool.unavailable', subject);
    warnings.over('pool.unavailable', { ...subject, id: randomUUID() });
    await warnings.written();
    expect(await warnings.list(null)).toMatchObject([{ status: 'resolved', count: 1 }]);
    warnings.tell('pool.unavailable', 'again', subject);
    await warnings.written();
    expect(await warnings.list(null)).toMatchObject([{ status: 'new', count: 2 }]);
    warnings.over('pool.unavailable', subject);
    await warnings.written();
    pass(24 * 3_600_000 + 1);
    expect(await warnings.list(null)).toEqual([]);
    expect(await store.warnings.list()).toEqual([]);
  });

  it('that are over for long cost nothing', async () => {
    const { warnings, subject, store } = await withPool();
    await warnings.prepare();
    const about = vi.spyOn(store.warnings, 'about');
    warnings.over('pool.unavailable', subject);
    await warnings.written();
    expect(about).not.toHaveBeenCalled();
    warnings.tell('pool.unavailable', 'x', subject);
    warnings.over('pool.unavailable', subject);
    await warnings.written();
    expect(await warnings.list(null)).toMatchObject([{ status: 'resolved' }]);
  });

  it('go with what they are about', async () => {
    const { warnings, subject, store } = await withPool();
    warnings.tell('pool.unavailable', 'x', subject);
    await warnings.written();
    const [{ uuid } = { uuid: '' }] = await warnings.list(null);
    await store.pools.delete(subject.id);
    await expect(warnings.get(uuid)).rejects.toMatchObject({ code: 'warning.not_found' });
    expect(await store.warnings.list()).toEqual([]);
  });

  it('are acknowledged, and new again, and deleted', async () => {
    const { warnings, told } = setup();
    warnings.tell('cgroup.io', 'x');
    await warnings.written();
    const [{ uuid } = { uuid: '' }] = await warnings.list(null);
    await warnings.setStatus(uuid, 'acknowledged', requestor);
    expect(await warnings.get(uuid)).toMatchObject({ status: 'acknowledged' });
    warnings.tell('cgroup.io', 'y');
    await warnings.written();
    expect(await warnings.get(uuid)).toMatchObject({ status: 'acknowledged', count: 2 });
    await warnings.setStatus(uuid, 'new', requestor);
    await expect(warnings.setStatus(uuid, 'resolved', requestor)).rejects.toMatchObject({ status: 403 });
    await expect(warnings.setStatus(uuid, 'banana', requestor)).rejects.toThrow('Invalid warning type "banana"');
    await warnings.delete(uuid, requestor);
    await expect(warnings.delete(uuid, requestor)).rejects.toMatchObject({ code: 'warning.not_found' });
    await expect(warnings.setStatus('zzz', 'new', requestor)).rejects.toMatchObject({ code: 'warning.not_found' });
    expect(told.map(({ action }) => action)).toEqual(['warning-acknowledged', 'warning-reset', 'warning-deleted']);
    expect(told[0]?.source).toBe(`/1.0/warnings/${uuid}`);
  });

  it('that cannot be written are a word in the log', async () => {
    const { warnings, store, problems } = setup();
    store.warnings.insert = () => Promise.reject(new Error('away'));
    warnings.tell('cgroup.io', 'x');
    await warnings.written();
    expect(problems).toEqual(['writing a warning']);
  });
});
