import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { failureOf, removeWorlds, World } from '../testing/world.ts';
import { type ExecRequestBody, Sessions } from './sessions.ts';

afterEach(removeWorlds);

const body = (change: Partial<ExecRequestBody> = {}): ExecRequestBody => ({
  command: ['true'],
  environment: {},
  waitForWebsocket: false,
  interactive: false,
  recordOutput: false,
  width: 0,
  height: 0,
  user: 0,
  group: 0,
  cwd: '',
  ...change,
});

async function setup(config: Record<string, string> = {}) {
  const world = await World.make();
  const { row, keeper } = await world.running('c1', { config });
  return { world, row, keeper, sessions: new Sessions(world.engine, world.instances) };
}

describe('a command', () => {
  it('is told everything that is wrong with it at once', async () => {
    const { sessions } = await setup();
    const wrong = body({ command: [], cwd: 'here', environment: { 'a=b': 'c', d: 'e\0' }, interactive: true, recordOutput: true });
    const problem = await failureOf(sessions.exec('default', 'c1', wrong));
    for (const part of ['command is needed', 'cwd', '"a=b"', 'NUL', 'record-output', 'wait-for-websocket'])
      expect(problem.message).toContain(part);
  });

  it('needs an instance that runs', async () => {
    const { world, row, sessions } = await setup();
    await world.instance('off');
    await expect(sessions.exec('default', 'off', body())).rejects.toThrow('Instance is not running');
    await expect(sessions.exec('default', 'nope', body())).rejects.toThrow('Instance not found');
    world.cgroups.frozenIds.add(row.id);
    await expect(sessions.exec('default', 'c1', body())).rejects.toThrow('Instance is frozen');
  });

  it('gets the environment of the config below that of the request', async () => {
    const { keeper, sessions } = await setup({ 'environment.A': 'config', 'environment.B': 'config' });
    keeper.execCode = () => 3;
    const operation = await sessions.exec('default', 'c1', body({ environment: { B: 'request' } }));
    expect(await operation.done).toMatchObject({ status_code: 200, metadata: { return: 3 } });
    const [request] = keeper.execs;
    expect(request?.env).toEqual(expect.arrayContaining(['container=lxc', 'A=config', 'B=request', 'HOME=/root', 'LANG=C.UTF-8']));
    expect(operation.view().metadata?.environment).toMatchObject({ A: 'config', B: 'request', HOME: '/root', USER: 'root' });
  });

  it('starts in the HOME of its final environment, or in the directory that is asked for', async () => {
    const { keeper, sessions } = await setup({ 'environment.HOME': '/config' });
    const started = async (change: Partial<ExecRequestBody>) => {
      await (await sessions.exec('default', 'c1', body(change))).done;
      return keeper.execs.at(-1)?.cwd;
    };
    expect(await started({})).toBe('/config');
    expect(await started({ environment: { HOME: '/request' } })).toBe('/request');
    expect(await started({ environment: { HOME: 'relative' } })).toBe('/');
    expect(await started({ cwd: '/etc', environment: { HOME: '/request' } })).toBe('/etc');
  });

  it('that cannot be executed fails its operation and tells the exit code', async () => {
    const { keeper, sessions } = await setup();
    for (const [code, err] of [
      [127, 'Command not found'],
      [126, 'Command not executable'],
    ] as const) {
      keeper.execCode = () => code;
      const recorded = await (await sessions.exec('default', 'c1', body({ recordOutput: true }))).done;
      expect(recorded).toMatchObject({ status_code: 400, err, metadata: { return: code, output: { '1': expect.any(String) } } });
    }
  });

  it('that finds the instance full of processes is told so in words', async () => {
    const { keeper, sessions } = await setup();
    keeper.exec = () => Promise.reject(Object.assign(new Error('clone: clone3: EAGAIN'), { code: 'EAGAIN' }));
    const view = await (await sessions.exec('default', 'c1', body())).done;
    expect(view).toMatchObject({ status_code: 400, err: 'The instance cannot have one more process' });
  });

  it('with recorded output names its files', async () => {
    const { world, sessions } = await setup();
    const operation = await sessions.exec('default', 'c1', body({ recordOutput: true }));
    const { metadata } = await operation.done;
    const file = `exec_${operation.id}.stdout`;
    expect(metadata).toMatchObject({ return: 0, output: { '1': `/1.0/instances/c1/logs/${file}` } });
    expect(existsSync(join(world.logsDir, 'c1', file))).toBe(true);
  });

  it('of an instance that is gone in that moment fails with a plain reason', async () => {
    const { keeper, sessions } = await setup();
    keeper.exec = () => Promise.reject(Object.assign(new Error('ECONNRESET: the keeper is gone'), { code: 'ECONNRESET' }));
    expect(await (await sessions.exec('default', 'c1', body())).done).toMatchObject({ status_code: 400, err: 'Instance is not running' });
  });

  it('that nobody listens to goes on when the server ends', async () => {
    const { world, keeper, sessions } = await setup();
    keeper.execCode = () => new Deferred<number>().promise;
    const operation = await sessions.exec('default', 'c1', body());
    await world.engine.shutdown(0);
    expect(await operation.done).toMatchObject({ status_code: 400, err: expect.stringContaining('shutting down') });
    expect(keeper.signals).toEqual([]);
  });

  it('whose client never comes is not run', async () => {
    const { world, keeper, sessions } = await setup();
    const operation = await sessions.exec('default', 'c1', body({ waitForWebsocket: true }));
    expect(Object.keys((operation.view().metadata?.fds ?? {}) as object).sort()).toEqual(['0', '1', '2', 'control']);
    await world.engine.shutdown(0);
    expect((await operation.done).status_code).toBe(400);
    expect(keeper.execs).toEqual([]);
  });
});

describe('a console', () => {
  it('of another kind is refused', async () => {
    const { sessions } = await setup();
    const wanted = { width: 80, height: 24, type: 'vga' };
    await expect(sessions.console('default', 'c1', wanted)).rejects.toThrow('not supported by containers');
  });

  it('nobody came to can be cancelled', async () => {
    const { world, sessions } = await setup();
    const operation = await sessions.console('default', 'c1', { width: 80, height: 24, type: 'console' });
    await world.engine.cancel(operation.id);
    expect((await operation.done).status_code).toBe(401);
  });
});
