import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { pollingWatch, sqlOn, temporaryFolder } from '../testing.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { withChildren } from './postmaster.ts';

const folders: string[] = [];
const servers: EmbeddedPostgres[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}, 60_000);

async function folder(): Promise<string> {
  const made = await temporaryFolder();
  folders.push(made);
  return made;
}

function server(stateDir: string, report?: (message: string) => void): EmbeddedPostgres {
  const made = new EmbeddedPostgres({ stateDir, runDir: join(stateDir, 'r'), watch: pollingWatch, ...(report ? { report } : {}) });
  servers.push(made);
  return made;
}

describe('EmbeddedPostgres', () => {
  it('starts from nothing, as an unprivileged user, on a socket alone', async () => {
    const stateDir = await folder();
    await chmod(stateDir, 0o700);
    const postgres = server(stateDir);
    await postgres.start();
    const [row] = await sqlOn<{ who: string; listens: string }>(
      postgres.address,
      "SELECT current_user AS who, current_setting('listen_addresses') AS listens",
    );
    expect(row).toEqual({ who: 'lxctl', listens: '' });
    expect((await stat(`/proc/${postgres.pid}`)).uid).toBe((await stat(join(stateDir, 'postgres'))).uid);
    expect((await stat(join(stateDir, 'postgres'))).mode & 0o777).toBe(0o700);
    if (process.getuid?.() === 0) expect((await stat(`/proc/${postgres.pid}`)).uid).not.toBe(0);
    await postgres.stop();
    expect(postgres.pid).toBeNull();
  }, 60_000);

  it('throws away what a crash in the middle of initdb left', async () => {
    const stateDir = await folder();
    const left = join(stateDir, 'postgres', 'data.init-left');
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'PG_VERSION'), '15\n');
    await server(stateDir).start();
    expect((await readdir(join(stateDir, 'postgres'))).filter((name) => name.startsWith('data'))).toEqual(['data']);
  }, 60_000);

  it('adopts the server of a daemon that was killed, and restarts it when it is killed', async () => {
    const stateDir = await folder();
    const first = server(stateDir);
    await first.start();
    const back = new Deferred<void>();
    const second = server(stateDir, (message) => {
      if (message.endsWith('is back')) back.resolve();
    });
    await second.start();
    const pid = second.pid;
    expect(pid).toBe(first.pid);
    // The first daemon is dead as far as this server goes: it must not start another.
    await Promise.all([first.stop(), pollingWatch(pid as number).ended]);
    await back.promise;
    expect(second.pid).not.toBe(pid);
    await sqlOn(second.address, 'SELECT 1');
  }, 60_000);

  it('kills a server that is stopped and heeds no signal, so that the next one can start', async () => {
    const stateDir = await folder();
    const options = { stateDir, runDir: join(stateDir, 'r'), watch: pollingWatch, stopWithinMs: { fast: 200, immediate: 200 } };
    const postgres = new EmbeddedPostgres(options);
    servers.push(postgres);
    await postgres.start();
    for (const pid of await withChildren(postgres.pid as number)) process.kill(pid, 'SIGSTOP');
    await postgres.stop();
    const next = server(stateDir);
    await next.start();
    await sqlOn(next.address, 'SELECT 1');
  }, 60_000);

  it('starts over a lock file that names a process which is not its server', async () => {
    const stateDir = await folder();
    const first = server(stateDir);
    await first.start();
    const lock = join(stateDir, 'postgres', 'data', 'postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await first.stop();
    // As after a crash of the host, when the pid has come round.
    await writeFile(lock, text.replace(/^\d+/, String(process.pid)));
    const second = server(stateDir);
    await second.start();
    await sqlOn(second.address, 'SELECT 1');
  }, 60_000);

  it('adopts through a state directory that is a link', async () => {
    const stateDir = await folder();
    const first = server(stateDir);
    await first.start();
    const link = `${stateDir}-link`;
    await symlink(stateDir, link);
    folders.push(link);
    const second = server(link);
    await second.start();
    expect(second.pid).toBe(first.pid);
  }, 60_000);

  it('chooses a short path for the socket when the state directory is long', async () => {
    const base = await folder();
    const stateDir = join(base, 'x'.repeat(100));
    const postgres = new EmbeddedPostgres({ stateDir, runDir: join(base, 'run'), watch: pollingWatch });
    servers.push(postgres);
    await postgres.start();
    expect(postgres.address.host).toBe(join(base, 'run', 'postgres'));
    await sqlOn(postgres.address, 'SELECT 1');
  }, 60_000);

  // Only root changes to another user.
  it.skipIf(process.getuid?.() !== 0)('says which directory keeps its user out (needs root)', async () => {
    const base = await folder();
    await chmod(base, 0o700);
    const refused = server(join(base, 'state')).start();
    await expect(refused).rejects.toThrow(`may not pass through ${base} (mode 700)`);
  });

  it('tells what the server said when it does not start', async () => {
    const stateDir = await folder();
    const first = server(stateDir);
    await first.start();
    await first.stop();
    await writeFile(join(stateDir, 'postgres', 'data', 'postgresql.auto.conf'), 'no_such_setting = 1\n');
    await expect(server(stateDir).start()).rejects.toThrow('no_such_setting');
  }, 60_000);
});
