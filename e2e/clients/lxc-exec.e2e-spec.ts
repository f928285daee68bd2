import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;

describe.skipIf(!lxcInstalled)("exec and console with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    await lxc.ok('launch', 'busybox', 'x');
  });
  afterAll(() => lxc.stop());

  it("hands back a command's exit code, output and input", async () => {
    const both = await lxc.run(['exec', 'x', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(both).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect((await lxc.run(['exec', 'x', '--', 'cat'], { stdin: 'through' })).stdout).toBe('through');
    expect((await lxc.run(['exec', 'x', '-n', '--', 'cat'], { stdin: 'never read' })).stdout).toBe('');
    expect((await lxc.run(['exec', 'x', '--', 'sh', '-c', 'kill -9 $$'])).code).toBe(137);
    expect((await lxc.run(['exec', 'x', '--', '/nonexistent'])).code).toBe(127);
    expect((await lxc.run(['exec', 'x', '--', '/etc'])).code).toBe(126);
    const large = await lxc.run(['exec', 'x', '--', 'sh', '-c', 'yes | head -c 2000000 | wc -c; yes | head -c 2000000']);
    expect(large.stdout.length).toBe(2_000_000 + '2000000\n'.length);
  });

  it('runs as another user, elsewhere, with other variables', async () => {
    const flags = ['--user', '1000', '--group', '1001', '--cwd', '/tmp', '--env', 'A=b', '--env', 'C=d e'];
    expect(await lxc.ok('exec', 'x', ...flags, '--', 'sh', '-c', 'echo $(id -u) $(id -g) $PWD $A $C')).toBe('1000 1001 /tmp b d e\n');
    expect(await lxc.ok('exec', 'x', '--', 'sh', '-c', 'echo $HOME $USER $LANG')).toBe('/root root C.UTF-8\n');
  });

  it('gives a terminal when asked, and where it has one itself', async () => {
    expect((await lxc.run(['exec', 'x', '-T', '--', 'tty'])).stdout).toBe('not a tty\n');
    expect((await lxc.run(['exec', 'x', '-t', '--', 'tty'])).stdout).toMatch(/^\/dev\/pts\/\d+\r?\n$/);
    expect((await lxc.run(['exec', 'x', '--mode', 'non-interactive', '--', 'tty'])).stdout).toBe('not a tty\n');
    const shell = lxc.terminal('exec x -- sh');
    shell.type('stty size; echo two-$((1+1))\r');
    await shell.shows(/30 100[\s\S]*two-2/);
    shell.type('exit 9\r');
    expect(await shell.code()).toBe(9);
  });

  it('refuses what cannot run', async () => {
    await lxc.ok('pause', 'x');
    expect(await lxc.fails('exec', 'x', '--', 'true')).toBe('Instance is frozen');
    await lxc.ok('start', 'x');
    await lxc.ok('init', 'busybox', 'off');
    expect(await lxc.fails('exec', 'off', '--', 'true')).toBe('Instance is not running');
    expect(await lxc.fails('exec', 'nope', '--', 'true')).toBe('Instance not found');
    const console = lxc.terminal('console off');
    await console.shows(/Error: Instance is not running/);
    expect(await console.code()).toBe(1);
  });

  it('attaches to the console, lets go of it, and shows its log', async () => {
    const console = lxc.terminal('console x');
    await console.shows(/To detach from the console/);
    console.type('\r');
    await console.shows(/root@x/);
    console.type('echo seen-$((40+2))\r');
    await console.shows(/seen-42/);
    console.type('\u0001');
    // The client takes only the first key of what it reads at once, and keeps the first of the two in mind: the second is
    // typed until it came alone.
    while (console.runs) {
      console.type('q');
      await lxc.ok('exec', 'x', '--', 'true');
    }
    expect(await console.code()).toBe(0);
    expect(await lxc.ok('console', 'x', '--show-log')).toMatch(/Console log:[\s\S]*seen-42/);
  });
});
