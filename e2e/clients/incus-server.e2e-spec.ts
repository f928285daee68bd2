import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyByRelay } from './copy-by-relay.ts';
import { monitor } from './monitor.ts';
import { incusProgram, incusThere, StockLxc } from './stock-lxc.ts';

let incus: StockLxc;
/** A command that goes on meanwhile. */
const running = (...args: string[]) => {
  const child = spawn(incus.program.path, args, { env: incus.environment(), stdio: 'ignore' });
  return { child, ended: once(child, 'exit') };
};

/** GET /1.0 through a socket; null while nobody listens there. */
const ask = (socketPath: string) =>
  new Promise<{ metadata: { auth: string } } | null>((resolve) => {
    const asked = request({ socketPath, path: '/1.0' }, (answer) => resolve(json(answer) as never));
    asked.on('error', () => resolve(null)).end();
  });

describe.skipIf(!incusThere)('the server with the stock incus (skipped where tools/setup.sh --test could not fetch it)', () => {
  beforeAll(async () => {
    incus = await StockLxc.start(incusProgram);
  });
  afterAll(() => incus.stop());

  it('shows events as they come', async () => {
    const wanted = [/^ {2}action: instance-created$/m, /^ {2}description: Deleting instance$/m];
    const seen = await monitor(incus, ['--type=lifecycle', '--type=operation'], wanted, async () => {
      await incus.ok('create', '--empty', 'm');
      await incus.ok('delete', 'm');
    });
    expect(seen).toMatch(/^ {2}source: \/1\.0\/instances\/m$/m);
  });

  it('cancels an operation', async () => {
    await incus.ok('launch', 'busybox', 'o');
    process.kill((await incus.daemon.client.instances.state('o')).pid, 'SIGSTOP');
    const { ended } = running('stop', 'o', '--timeout=1000');
    let id = '';
    while (id === '') {
      const listed = await incus.ok('operation', 'list', '-f', 'csv');
      id = /^([0-9a-f-]{36}),TASK,Stopping instance,RUNNING,YES,/m.exec(listed)?.[1] ?? '';
    }
    expect(await incus.ok('operation', 'delete', id)).toBe(`Operation ${id} deleted\n`);
    await ended;
    expect(await incus.ok('list', 'o', '-f', 'csv', '-c', 's')).toBe('RUNNING\n');
    expect(await incus.fails('operation', 'delete', '00000000-0000-4000-8000-000000000000')).toBe('Operation not found');
    await incus.ok('delete', '--force', 'o');
  });

  it('shows, acknowledges and deletes warnings', async () => {
    await incus.ok('create', 'busybox', 'w', '-c', 'boot.autostart=true', '-c', 'security.protection.start=true');
    await incus.daemon.restart();
    let list = '';
    while (!list.includes('autostart')) list = await incus.ok('warning', 'list', '-f', 'csv');
    const [id = ''] = /^[0-9a-f-]{36}/m.exec(list) ?? [];
    expect(await incus.ok('warning', 'show', id)).toContain('entity_url: /1.0/instances/w\n');
    await incus.ok('warning', 'acknowledge', id);
    expect(await incus.ok('warning', 'list', '-f', 'csv')).not.toContain(id);
    await incus.ok('warning', 'delete', id);
    expect(await incus.fails('warning', 'show', id)).toBe('Warning not found');
    await incus.ok('delete', 'w');
  });

  it('makes its own certificate', async () => {
    expect((await incus.run(['remote', 'generate-certificate'])).code).toBe(0);
    expect(await readFile(join(incus.home, '.config/incus/client.crt'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  it('is reached through the proxy of a remote', async () => {
    const socket = join(incus.home, 'proxied');
    const { child, ended } = running('remote', 'proxy', 'local:', socket);
    let answer = await ask(socket);
    for (; !answer; answer = await ask(socket)) await incus.ok('list');
    expect(answer.metadata.auth).toBe('trusted');
    child.kill();
    await ended;
  });

  it('has its images copied to another server', () => copyByRelay(incus));

  it('is shut down', async () => {
    await incus.ok('launch', 'busybox', 's');
    expect(await incus.ok('admin', 'shutdown')).toBe('');
    await incus.daemon.ended();
    await incus.daemon.launch();
    // What ran when the server went down runs when it is back.
    while ((await incus.ok('list', 's', '-f', 'csv', '-c', 's')) !== 'RUNNING\n');
    await incus.ok('delete', '--force', 's');
  });
});
