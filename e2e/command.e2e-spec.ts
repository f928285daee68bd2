import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { home, TestDaemon } from './harness/daemon.ts';
import { Terminal } from './harness/terminal.ts';

/** The command as it is installed, against a daemon: what README's tour says, and what people type wrong. */

let daemon: TestDaemon;
let scratch: string;

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv, input = ''): Promise<Outcome> {
  const child = spawn(program, args, { cwd: home, env, stdio: 'pipe' });
  const outcome: Outcome = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text));
  child.stdin.end(input);
  [outcome.code] = (await once(child, 'close')) as [number | null];
  return outcome;
}

const environment = () => ({ ...process.env, LXCTL_DIR: daemon.dir, TERM: 'xterm' });
/** Words at blanks; what holds blanks itself is given as a list. */
const lxctl = (words: string | string[], input?: string) =>
  run('bin/lxctl', typeof words === 'string' ? words.split(' ') : words, environment(), input);
const terminal = (command: string) => new Terminal(command, { cwd: home, env: environment(), columns: 100, rows: 30 });

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lxe-files-'));
  daemon = await TestDaemon.start();
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
  await rm(scratch, { recursive: true, force: true });
});

describe('config edit', () => {
  it('leaves no file when it is ended by a signal', async () => {
    const folder = await mkdtemp(join(scratch, 'edit-'));
    // The editor names the file it was given, then ends the command that runs it.
    const edit = terminal(`EDITOR='ls -l "$1"; kill -TERM $PPID; true' TMPDIR=${folder} bin/lxctl config edit`);
    await edit.shows(/-rw-------.*edit\.yaml/);
    expect(await edit.code()).toBe(143);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the tour', () => {
  it('launches from a recipe and lists', async () => {
    expect(await lxctl('launch build:busybox tiny')).toMatchObject({ code: 0, err: '' });
    expect((await lxctl('list -f csv -c nst')).out).toBe('tiny,RUNNING,CONTAINER\n');
    expect((await lxctl('list')).out).toMatch(/^\+-+\+[\s\S]*\| tiny +\| RUNNING \|/);
    expect(JSON.parse((await lxctl('list -f json')).out)).toMatchObject([{ name: 'tiny', status: 'Running' }]);
  });

  it('runs commands with their input, output and exit code', async () => {
    expect(await lxctl(['exec', 'tiny', '--', 'sh', '-c', 'cat; echo bad >&2; exit 7'], 'through')).toEqual({
      code: 7,
      out: 'through',
      err: 'bad\n',
    });
    expect(await lxctl('exec tiny -- nosuch')).toEqual({ code: 127, out: '', err: 'nosuch: No such file or directory\n' });
    expect(await lxctl('exec tiny --cwd /etc --env A=b -- pwd')).toMatchObject({ code: 0, out: '/etc\n' });
  });

  it('takes commands for a shell from the standard input', async () => {
    expect(await lxctl('shell tiny', 'id -u\nexit 3\n')).toMatchObject({ code: 3, out: '0\n' });
  });

  it('sets, shows and edits the configuration', async () => {
    expect(await lxctl('config set tiny limits.memory=64MiB user.note=mine')).toMatchObject({ code: 0, err: '' });
    expect((await lxctl('config get tiny limits.memory')).out).toBe('64MiB\n');
    const document = (await lxctl('config show tiny')).out;
    expect(document).toContain('  user.note: mine\n');
    expect(await lxctl('config edit tiny', document.replace('note: mine', 'note: ours'))).toMatchObject({ code: 0, err: '' });
    expect((await lxctl('config get tiny user.note')).out).toBe('ours\n');
    expect((await lxctl('info tiny')).out).toMatch(/^Name: tiny\nStatus: RUNNING\n/);
  });

  it('exports an image and imports it under another name', async () => {
    expect(await lxctl(['image', 'export', 'busybox', scratch])).toMatchObject({ code: 0 });
    const [file = ''] = await readdir(scratch);
    expect(file).toMatch(/^[0-9a-f]{64}\.tar/);
    expect(await lxctl('image delete busybox')).toMatchObject({ code: 0, err: '' });
    expect(await lxctl(['image', 'import', join(scratch, file), '--alias', 'mine'])).toMatchObject({ code: 0 });
    expect((await lxctl('image alias list -f csv')).out).toContain('mine,');
    expect(await lxctl('launch mine again')).toMatchObject({ code: 0 });
  });

  it('shows what happens, while it happens', async () => {
    const monitor = spawn('bin/lxctl', ['monitor', '--pretty', '--type', 'lifecycle'], { cwd: home, env: environment() });
    let seen = '';
    monitor.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
    const gone = once(monitor, 'exit');
    // A client counts as listening from the moment it is connected; each pause is an event until one is seen.
    while (!seen.includes('instance-paused')) {
      await lxctl('pause again');
      await lxctl('start again');
    }
    monitor.kill('SIGINT');
    await gone;
    expect(seen).toMatch(/LIFECYCLE instance-paused \/1\.0\/instances\/again/);
  });

  it('completes commands, names and keys in bash', async () => {
    const script = `
      source <(bin/lxctl completion bash)
      for line in "$@"; do COMP_LINE=$line COMP_POINT=\${#line}; _lxctl 2>/dev/null; echo "\${COMPREPLY[*]}"; done`;
    const lines = ['bin/lxctl pau', 'bin/lxctl stop ti', 'bin/lxctl config set tiny limits.memory.en', 'bin/lxctl storage show def'];
    const { out, err } = await run('bash', ['--norc', '-c', script, 'bash', ...lines], environment());
    expect({ out, err }).toEqual({ out: 'pause\ntiny\nlimits.memory.enforce=\ndefault\n', err: '' });
  });

  it('stops and deletes', async () => {
    expect(await lxctl('stop tiny')).toMatchObject({ code: 0, err: '' });
    expect(await lxctl('delete tiny')).toMatchObject({ code: 0, err: '' });
    expect((await lxctl('list -f csv -c n')).out).toBe('again\n');
  });
});

describe('on a terminal', () => {
  it('attaches to the console and lets go of it, leaving the terminal as it was', async () => {
    const screen = terminal('bin/lxctl console again; stty -a | grep -o -E -e "-?icanon|-?echo "; echo over');
    await screen.shows(/press: <ctrl>\+a q/);
    screen.type('\n');
    await screen.shows(/root@again/);
    screen.type('echo "size $(stty size)"\n');
    await screen.shows(/size 30 100/);
    screen.type('\x01q');
    await screen.shows(/\r\nicanon\r\necho \r\nover/);
    expect(await screen.code()).toBe(0);
  });

  it('passes an interrupt to the command inside', async () => {
    const screen = terminal('bin/lxctl exec again -- sh -c "trap \'exit 9\' INT; echo up; while :; do sleep 1; done"');
    await screen.shows(/up\r\n/);
    screen.type('\x03');
    expect(await screen.code()).toBe(9);
  });

  it('colours states', async () => {
    const screen = terminal('bin/lxctl list; NO_COLOR=1 bin/lxctl list -c s -f compact');
    expect(await screen.code()).toBe(0);
    expect(screen.output).toContain('\x1b[32mRUNNING\x1b[39m');
    expect(screen.output).toContain('STATE\r\n  RUNNING\r\n');
  });
});

describe('what is typed wrong', () => {
  const wrong: [words: string, message: RegExp][] = [
    ['lunch build:busybox', /^Error: unknown command "lunch" for "lxctl"; did you mean "launch"\?\n$/],
    ['config sett again a=b', /^Error: unknown command "sett" for "lxctl config"; did you mean "set"\?\n$/],
    ['launch', /^Error: missing argument: an image/],
    ['exec again', /^Error: missing required argument/],
    ['list --bogus', /^Error: unknown option '--bogus' \(see "lxctl list --help"\)\n$/],
    ['list -f xml', /^Error: "xml" is not one of csv, json, table/],
    ['info nosuch', /^Error: Instance not found\n$/],
    ['stop nosuch again2', /^Error: nosuch: Instance not found\nError: again2: Instance not found\n/],
    ['start again', /^Error: The instance is already running\n$/],
    ['delete again', /^Error: The instance is currently running, stop it first or pass --force\n$/],
    ['launch unheard', /^Error: Image "unheard" is not in the local store: import .*images:unheard\)\n$/],
    ['launch nowhere:22.04', /^Error: The remote "nowhere" doesn't exist; there is local, images, ubuntu/],
    ['launch build:fedora', /^Error: No image recipe "fedora": there is busybox, debian\/12\n$/],
    ['config set again limits.memory=banana', /^Error: Invalid value "banana" for key "limits\.memory"/],
    ['config set again limits.memory', /^Error: "limits\.memory" is not of the form key=value\n$/],
  ];

  it.each(wrong)('lxctl %s', async (words, message) => {
    const { code, err } = await lxctl(words);
    expect(code).toBe(1);
    expect(err.replace(/^Launching .*\n/, '')).toMatch(message);
  });

  it('says what to do when there is no daemon, and when it may not be asked', async () => {
    const nowhere = { ...environment(), LXCTL_DIR: scratch };
    expect((await run('bin/lxctl', ['list'], nowhere)).err).toMatch(/^Error: The lxctl daemon is not running .*npm run daemon/);
    // A checkout may lie where only its owner may go, as below /root: a stranger may look everywhere, and change nothing.
    const stranger = ['--reuid=65534', '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
    const asked = await run('setpriv', [...stranger, '--regid=65534', '--clear-groups', 'bin/lxctl', 'list'], environment());
    expect(asked.err).toMatch(/^Error: Not allowed to open .*run the command as root/);
    expect((await run('setpriv', [...stranger, 'bin/lxctld'], nowhere)).err).toMatch(/^lxctld: The daemon needs root/);
  });
});
