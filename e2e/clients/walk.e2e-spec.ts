import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { home } from '../harness/daemon.ts';
import { incusProgram, incusThere, lxcInstalled, StockLxc } from './stock-lxc.ts';
import { type ClientName, commandOf, groupsOf } from './walk/commands.ts';
import { life, type WalkStep } from './walk/life.ts';
import { elsewhere, refusals } from './walk/refusals.ts';

/** A whole life by the stock clients, from the tables that docs/reference/compatibility.md is made of. */

function walk(name: ClientName, start: () => Promise<StockLxc>): void {
  let client: StockLxc;
  const named: Record<string, string> = {};
  beforeAll(async () => {
    client = await start();
    await writeFile(join(client.home, 'pushed'), 'pushed\n');
    named.FINGERPRINT = (await client.ok('image', 'list', '-c', 'F', '-f', 'csv')).trim();
    named.SOCKET = client.daemon.socket;
    named.NETWORK = (await client.ok('profile', 'device', 'get', 'default', 'eth0', 'network')).trim();
  });
  afterAll(() => client.stop());

  const wordsOf = (line: string): string[] => {
    const full = line
      .replace(/[A-Z]{6,}/g, (word) => named[word] ?? word)
      .replace(/\{([^ {}"]*)\}/g, (_, file: string) => join(client.home, file));
    return [...full.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((found) => found[1] ?? found[2] ?? found[3] ?? '');
  };
  const take = async ({ run, out, stdin }: WalkStep) => {
    const result = await client.run(wordsOf(run), stdin === undefined ? {} : { stdin });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    if (out) expect(result.stdout.trimEnd()).toMatch(out);
    Object.assign(named, out?.exec(result.stdout)?.groups);
  };

  const steps = life.filter(({ clients }) => clients.includes(name));
  it.each(steps.map((step, at) => [at + 1, step.run, step] as const))(`%i: ${name} %s`, (_, run, step) => {
    expect(commandOf(name, run)).not.toBe('');
    return take(step);
  });

  it.each(refusals.filter(({ clients }) => clients.includes(name)))(`is refused: ${name} $probe`, async ({ probe, says, stdin }) => {
    const { code, stdout, stderr } = await client.run(wordsOf(probe), { stdin });
    expect({ code, said: (stderr || stdout).trimEnd() }).toEqual({ code: 1, said: expect.stringMatching(says) });
  });

  it.each(groupsOf(name))('knows all commands behind "%j"', async (before, names) => {
    const help = await client.ok('help', '--all', ...before);
    const listed = [...(help.split('Available Commands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}(\S+)/gm)].map(([, word]) => word);
    expect(new Set(listed.filter((word) => word !== 'help'))).toEqual(new Set(names));
  });

  it.each(Object.entries(elsewhere[name]))('%s is shown by %j', async (_, [spec, words]) => {
    expect(await readFile(join(home, spec), 'utf8')).toContain(words);
  });
}

describe.skipIf(!lxcInstalled)("a life with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  walk('lxc', () => StockLxc.start());
});
describe.skipIf(!incusThere)('a life with the stock incus (skipped where tools/setup.sh --test could not fetch it)', () => {
  walk('incus', () => StockLxc.start(incusProgram));
});
