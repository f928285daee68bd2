import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from '../harness/daemon.ts';

/** Debian's stock client, unchanged, with LXD_DIR pointing at our state directory. */

let daemon: TestDaemon;
let home: string;
const installed = existsSync('/usr/bin/lxc');

function lxc(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return run(args, '');
}

function run(args: string[], stdin: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/bin/lxc', args, {
      env: { PATH: process.env.PATH, HOME: home, LXD_DIR: daemon.dir },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(stdin);
  });
}

describe.skipIf(!installed)("the stock lxc client (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lxc-home-'));
    daemon = await TestDaemon.start();
    await daemon.buildImage('busybox');
  });

  afterAll(async () => {
    expect(await daemon.stop()).toEqual([]);
    await rm(home, { recursive: true, force: true });
  });

  it('lists nothing, then launches', async () => {
    expect(await lxc('list', '-f', 'csv')).toMatchObject({ code: 0, stdout: '' });
    const launched = await lxc('launch', 'busybox', 'x');
    expect(launched).toMatchObject({ code: 0 });
    expect((await lxc('list', '-f', 'csv', '-c', 'nst')).stdout).toBe('x,RUNNING,CONTAINER\n');
  });

  it("hands back a command's exit code, output and input", async () => {
    expect((await lxc('exec', 'x', '--', 'sh', '-c', 'exit 7')).code).toBe(7);
    expect((await lxc('exec', 'x', '--', 'echo', 'hello')).stdout).toBe('hello\n');
    expect((await run(['exec', 'x', '--', 'cat'], 'through')).stdout).toBe('through');
    expect((await lxc('exec', 'x', '--env', 'A=b', '--cwd', '/etc', '--', 'sh', '-c', 'echo $A $PWD')).stdout).toBe('b /etc\n');
  });

  it('shows an instance', async () => {
    const info = await lxc('info', 'x');
    expect(info.code).toBe(0);
    expect(info.stdout).toMatch(/Name: x[\s\S]*Status: RUNNING[\s\S]*PID: \d+[\s\S]*eth0/);
    expect((await lxc('config', 'show', 'x')).stdout).toContain('image.os: BusyBox');
    expect((await lxc('console', 'x', '--show-log')).code).toBe(0);
  });

  it('changes its configuration', async () => {
    expect(await lxc('config', 'set', 'x', 'limits.memory', '100MiB')).toMatchObject({ code: 0, stderr: '' });
    expect((await lxc('config', 'get', 'x', 'limits.memory')).stdout).toBe('100MiB\n');
    const refused = await lxc('config', 'set', 'x', 'limits.memory', 'banana');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/limits\.memory/);
    expect((await lxc('config', 'unset', 'x', 'limits.memory')).code).toBe(0);
  });

  it('restarts, pauses and resumes', async () => {
    expect(await lxc('restart', '-f', 'x')).toMatchObject({ code: 0 });
    expect(await lxc('pause', 'x')).toMatchObject({ code: 0 });
    expect((await lxc('list', '-f', 'csv', '-c', 's')).stdout).toBe('FROZEN\n');
    expect(await lxc('start', 'x')).toMatchObject({ code: 0 });
  });

  it('knows images, profiles, networks, pools, operations', async () => {
    expect((await lxc('image', 'list', '-f', 'csv')).stdout).toContain('busybox');
    expect((await lxc('profile', 'list', '-f', 'csv')).stdout).toContain('default');
    expect((await lxc('profile', 'show', 'default')).stdout).toContain('pool: default');
    expect((await lxc('network', 'list', '-f', 'csv')).stdout).toMatch(/lxctlbr\d+,bridge,YES/);
    expect((await lxc('storage', 'list', '-f', 'csv')).stdout).toContain('default,overlay');
    expect((await lxc('operation', 'list', '-f', 'csv')).code).toBe(0);
    expect((await lxc('info')).stdout).toContain('server: lxctl');
  });

  it('creates a profile and launches with it', async () => {
    expect((await lxc('profile', 'create', 'small')).code).toBe(0);
    expect((await lxc('profile', 'set', 'small', 'limits.memory', '64MiB')).code).toBe(0);
    expect(await lxc('launch', 'busybox', 'y', '-p', 'default', '-p', 'small')).toMatchObject({ code: 0 });
    expect((await lxc('config', 'show', '-e', 'y')).stdout).toContain('limits.memory: 64MiB');
    expect((await lxc('delete', '-f', 'y')).code).toBe(0);
    expect((await lxc('profile', 'delete', 'small')).code).toBe(0);
  });

  it('stops and deletes', async () => {
    expect(await lxc('stop', '-f', 'x')).toMatchObject({ code: 0 });
    expect(await lxc('delete', 'x')).toMatchObject({ code: 0 });
    expect((await lxc('list', '-f', 'csv')).stdout).toBe('');
    const missing = await lxc('info', 'x');
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain('Instance not found');
  });
});
