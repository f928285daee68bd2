import { Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Keeper } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

/** Collects until the text has come. */
function said(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      all += chunk;
      if (all.includes(text)) resolve(all);
    });
  });
}

describe.skipIf(reason !== null)(`the console of a container${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let keeper: Keeper;
  const launch = (): Promise<Keeper> =>
    world.keepers.launch(world.plan({ init: { argv: ['/bin/sh'], env: ['PATH=/bin', 'PS1=$ '], cwd: '/', uid: 0, gid: 0 } }));
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    keeper = await launch();
  });
  afterAll(() => world.dispose());

  it('is a terminal that one client at a time holds', async () => {
    const socket = new Socket({ fd: await keeper.attachConsole() });
    const answer = said(socket, '30 100');
    await keeper.resizeConsole(100, 30);
    socket.write('tty; stty size\n');
    expect(await answer).toContain('/dev/console');
    await expect(keeper.attachConsole()).rejects.toMatchObject({ code: 'EBUSY' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroy();
    await closed;
    const next = new Socket({ fd: await keeper.attachConsole() });
    // The terminal echoes what is typed, so the answer is spelt otherwise than the question.
    const again = said(next, 'second\r\n');
    next.write('echo sec""ond\n');
    await again;
    next.destroy();
  });

  it('keeps what was said, until it is cleared', async () => {
    expect((await keeper.readLog()).toString()).toContain('second\r\n');
    await keeper.clearLog();
    expect((await keeper.readLog()).toString()).not.toContain('second');
  });

  it('never holds the guest up, and keeps the last bytes', async () => {
    const other = await launch();
    const slow = new Socket({ fd: await other.attachConsole() });
    slow.pause();
    expect(
      await world.run(other, [
        'sh',
        '-c',
        'i=0; while [ $i -lt 6000 ]; do echo "line $i of many that nobody reads and that fill every buffer"; i=$((i+1)); done > /dev/console',
      ]),
    ).toMatchObject({ code: 0 });
    await other.signal(0);
    const log = (await other.readLog()).toString();
    expect(log.length).toBe(65536);
    expect(log).toContain('line 5900 of');
    slow.destroy();
    await other.kill();
  });

  it('is saved when the container ends, with all of its lives', async () => {
    const plan = world.plan();
    const guest = await world.keepers.launch(plan);
    const again = new Promise((resolve) => {
      guest.onReboot = resolve;
    });
    void world.run(guest, ['sh', '-c', 'echo first life > /dev/console; reboot -f']);
    await again;
    await world.run(guest, ['sh', '-c', 'echo second life > /dev/console']);
    await guest.kill();
    expect(readFileSync(plan.console.logPath, 'utf8')).toMatch(/first life\r\n.*second life\r\n/s);
  });
});
