import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Shell, scripts } from './scripts.ts';

/** Each shell runs its script; the command it asks is one that says what it was asked. */
let place = '';
let command = '';
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'lxctl-shell-'));
  command = join(place, 'lxctl');
  const words = ['c1\tan instance', 'c2\t', 'limits.memory=\tbytes', 'c1/snap0\t', ':files\t'];
  const said = words.map((word) => `'${word}'`).join(' ');
  await writeFile(command, `#!/bin/sh\nprintf '[%s]' "$@" >${place}/asked\nprintf '%s\\n' ${said}\n`);
  await chmod(command, 0o755);
  for (const shell of Object.keys(scripts) as Shell[]) await writeFile(join(place, `script.${shell}`), scripts[shell]);
});
afterAll(() => rm(place, { recursive: true, force: true }));

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;
const asked = () => execFileSync('cat', [join(place, 'asked')], { encoding: 'utf8' });

/** What bash makes of a line whose cursor is at its end. */
function bash(line: string): { replies: string[]; options: string } {
  const program = `
    compopt() { echo "option $2"; }
    source ${place}/script.bash
    COMP_LINE=$1 COMP_POINT=\${#1}
    _lxctl
    printf 'reply %s\\n' "\${COMPREPLY[@]}"
  `;
  const lines = execFileSync('bash', ['--norc', '-ec', program, 'bash', line], { encoding: 'utf8' }).trim().split('\n');
  const of = (kind: string) => lines.filter((each) => each.startsWith(`${kind} `)).map((each) => each.slice(kind.length + 1));
  return { replies: of('reply'), options: [...new Set(of('option'))].join() };
}

describe.skipIf(!has('bash'))('bash', () => {
  it('gives the words typed, the last of which may be empty', () => {
    expect(bash(`${command} start  c1 `).replies).toEqual(['c1', 'c2', 'limits.memory=', 'c1/snap0']);
    expect(asked()).toBe('[__complete][start][c1][]');
  });

  it('completes what stands behind = and : alone, as it cuts words there', () => {
    expect(bash(`${command} config set c1 limits.memory=`).replies).toContain('');
    expect(asked()).toBe('[__complete][config][set][c1][limits.memory=]');
  });

  it('adds no space behind what goes on, and completes files where they are meant', () => {
    expect(bash(`${command} x `).options.split(',').sort()).toEqual(['default', 'nospace']);
  });

  it('is registered for the command', () => {
    expect(execFileSync('bash', ['--norc', '-ec', `source ${place}/script.bash; complete -p lxctl`], { encoding: 'utf8' })).toContain(
      '-F _lxctl lxctl',
    );
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  it('takes the candidates', () => {
    const program = `
      compdef() { :; }
      compadd() { print -r -- "add $*"; [[ "$*" == *whole* ]] && print -rl -- "\${whole[@]}" "\${described[@]}"; [[ "$*" == *open* ]] && print -rl -- "\${open[@]}"; return 0; }
      _files() { print files; }
      source ${place}/script.zsh
      words=(${command} start c1 '') CURRENT=4
      _lxctl
    `;
    const out = execFileSync('zsh', ['-fc', program], { encoding: 'utf8' }).trim().split('\n');
    expect(out).toEqual(expect.arrayContaining(['c1', 'c2', 'c1/snap0', 'limits.memory=', 'files', 'c1  -- an instance']));
    expect(asked()).toBe('[__complete][start][c1][]');
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  it('takes the candidates', () => {
    const program = `set -x PATH ${place} $PATH; source ${place}/script.fish; complete -C 'lxctl start c'`;
    const out = execFileSync('fish', ['--no-config', '-c', program], { encoding: 'utf8' });
    expect(out).toContain('c1\tan instance');
    expect(asked()).toBe('[__complete][start][c]');
  });
});
