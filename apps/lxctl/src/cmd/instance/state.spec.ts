import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const put = (name: string) => `PUT /1.0/instances/${name}/state`;

describe('states', () => {
  it('starts stopped ones and resumes frozen ones', async () => {
    const server = new FakeServer()
      .sync('GET /1.0/instances/c1', instance({ status: 'Stopped' }))
      .sync('GET /1.0/instances/c2', instance({ status: 'Frozen' }))
      .operation(put('c1'))
      .operation(put('c2'));
    expect(await lxctl(server, 'start c1 c2')).toEqual({ code: 0, out: '', err: '' });
    expect(server.sent(put('c1'))).toMatchObject([{ action: 'start' }]);
    expect(server.sent(put('c2'))).toMatchObject([{ action: 'unfreeze' }]);
  });

  it('passes force and timeout on', async () => {
    const server = new FakeServer().operation(put('c1'));
    await lxctl(server, 'stop -f --timeout 5 c1');
    await lxctl(server, 'restart c1');
    await lxctl(server, 'pause c1');
    expect(server.sent(put('c1'))).toEqual([
      { action: 'stop', timeout: 5, force: true },
      { action: 'restart', timeout: -1, force: false },
      { action: 'freeze', timeout: -1, force: false },
    ]);
  });

  it('takes all of the right state, and tells every failure', async () => {
    const server = new FakeServer()
      .sync('GET /1.0/instances?recursion=1', [
        instance({ name: 'a' }),
        instance({ name: 'b', status: 'Frozen' }),
        instance({ name: 'c', status: 'Stopped' }),
      ])
      .operation(put('a'))
      .error(put('b'), 400, 'Instance is frozen');
    expect(await lxctl(server, 'stop --all')).toEqual({ code: 1, out: '', err: 'Error: b: Instance is frozen\n' });
    expect(server.asked.map(({ route }) => route)).not.toContain(put('c'));
    expect((await lxctl(server, 'stop --all a')).err).toContain('--all goes without names');
    expect((await lxctl(server, 'stop')).err).toContain('missing argument');
  });

  it('shows the console of one instance only, and on a terminal', async () => {
    const server = new FakeServer().operation(put('c1'));
    for (const words of ['start --console c1 c2', 'restart --console --all', 'stop --console'])
      expect((await lxctl(server, words)).err).toContain('--console is for one instance');
    expect((await lxctl(server, 'stop --console c1')).err).toContain('needs a terminal');
    expect(server.sent(put('c1'))).toEqual([]);
  });

  it('cancels on the first interrupt', async () => {
    const server = new FakeServer().operation(put('c1'), { running: true, status_code: 401 }).sync('DELETE /1.0/operations/op1', {});
    const outcome = await lxctl(server, 'stop c1', (io) => {
      const { onSignal } = io;
      io.onSignal = (signal, listener) => {
        listener();
        return onSignal.call(io, signal, listener);
      };
    });
    expect(outcome.code).toBe(1);
    expect(server.asked.map(({ route }) => route)).toContain('DELETE /1.0/operations/op1');
  });
});

describe('delete', () => {
  it('kills a running one only with force', async () => {
    const server = new FakeServer().sync('GET /1.0/instances/c1', instance()).operation(put('c1')).operation('DELETE /1.0/instances/c1');
    expect((await lxctl(server, 'delete c1')).err).toContain('stop it first or pass --force');
    expect((await lxctl(server, 'rm -f c1')).code).toBe(0);
    expect(server.asked.map(({ route }) => route).slice(1)).toEqual(['GET /1.0/instances/c1', put('c1'), 'DELETE /1.0/instances/c1']);
  });

  it('does not stop one that is protected', async () => {
    const expanded_config = { 'security.protection.delete': 'true' };
    const server = new FakeServer().sync('GET /1.0/instances/c1', instance({ expanded_config }));
    expect(await lxctl(server, 'delete -f c1')).toEqual({ code: 1, out: '', err: 'Error: Instance is protected\n' });
    expect(server.asked.map(({ route }) => route)).toEqual(['GET /1.0/instances/c1']);
  });

  it('leaves the deleting to the server when the instance is ephemeral', async () => {
    const server = new FakeServer().sync('GET /1.0/instances/c1', instance({ ephemeral: true })).operation(put('c1'));
    expect((await lxctl(server, 'delete -f c1')).code).toBe(0);
  });

  it('asks where wanted', async () => {
    const server = new FakeServer().sync('GET /1.0/instances/c1', instance({ status: 'Stopped' })).operation('DELETE /1.0/instances/c1');
    expect((await lxctl(server, 'delete -i c1', (io) => io.answers.push('no'))).code).toBe(1);
    expect(server.asked).toEqual([]);
    expect((await lxctl(server, 'delete -i c1', (io) => io.answers.push('yes'))).code).toBe(0);
  });
});

describe('progress', () => {
  it('shows one line on a terminal and takes it away', async () => {
    const server = new FakeServer().operation('POST /1.0/images', {
      running: true,
      metadata: { fingerprint: 'f00d', create_image_progress: 'unpack: 40%' },
    });
    const outcome = await lxctl(server, 'image build busybox', (io) => Object.assign(io.terminal, { err: true }));
    expect(outcome.err).toBe('\r\x1b[KBuilding busybox: unpack: 40%\r\x1b[K');
    expect(outcome.out).toBe('Image built with fingerprint: f00d\n');
  });
});
