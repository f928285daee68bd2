import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { lackOfFlag } from '../../apps/lxctl/src/absent-flags.ts';
import { find, isGroup } from '../../apps/lxctl/src/run/tree.ts';
import { absent, tree } from '../../apps/lxctl/src/tree.ts';
import { lxcInstalled } from './stock-lxc.ts';
import { commandsOf } from './walk/commands.ts';

/** lxctl against the help of LXD's lxc: every command and every flag is there, or is refused by its name. */

const home = mkdtempSync(join(tmpdir(), 'lxctl-parity-'));
afterAll(() => rmSync(home, { recursive: true }));

/** Flags of a command of lxc: `['f', 'force']`, or `['', 'all']`. */
async function flagsOf(words: readonly string[]): Promise<[short: string, long: string][]> {
  const { stdout } = await promisify(execFile)('/usr/bin/lxc', ['help', ...words], { env: { HOME: home } });
  const own = /\nFlags:\n([\s\S]*?)(\n\n|$)/.exec(stdout)?.[1] ?? '';
  return [...own.matchAll(/^ +(?:-(\w), )?--([\w-]+)/gm)].map(([, short = '', long = '']) => [short, long]);
}

/** Whether a word on the way is refused with a reason. */
const isRefused = (words: readonly string[]) => words.some((word, at) => Object.hasOwn(absent[words.slice(0, at).join(' ')] ?? {}, word));

describe.skipIf(!lxcInstalled)("lxctl beside the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  const commands = commandsOf('lxc').map((command) => command.split(' '));
  const [there, refused] = [commands.filter((words) => !isRefused(words)), commands.filter(isRefused)];

  it('has or refuses every command', () => {
    const lost = there.filter((words) => find(tree, words).rest.length > 0 || isGroup(find(tree, words).node));
    expect(lost.map((words) => words.join(' '))).toEqual([]);
    expect(there.length).toBeGreaterThan(120);
    expect(refused.filter((words) => find(tree, words).rest.length === 0).map((words) => words.join(' '))).toEqual([]);
  });

  it.each(there.map((words) => [words.join(' '), words] as const))('%s has or refuses every flag', async (name, words) => {
    const { node } = find(tree, words);
    if (isGroup(node)) throw new Error(`${name} is no command`);
    const { verb } = await node.load();
    const own = Object.values(verb.flags).map(({ spec }) => spec.split(/[ ,]+/));
    for (const [short, long] of await flagsOf(words)) {
      const flag = own.find((spec) => spec.includes(`--${long}`));
      expect(flag ?? lackOfFlag(name, `--${long}`), `--${long}`).toBeDefined();
      if (flag && short) expect(flag, `-${short}`).toContain(`-${short}`);
    }
  });
});
