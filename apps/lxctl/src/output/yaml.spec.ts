import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fromYaml, toYaml } from './yaml.ts';

/** Texts that some reader of YAML 1.1 or 1.2 takes for a number, a truth value, a date or a line end. */
const texts = [
  ...['yes', 'no', 'on', 'off', 'Yes', 'NO', 'y', 'n', 'true', 'TRUE', 'null', 'Null', '~', '', '=', '<<', '-', '?', ':', '---', '...'],
  ...['0', '-0', '+1', '1.', '.5', '1e3', '0o17', '017', '08', '0x1f', '0b101', '+0b1', '1_000', '685_230.15', '0x_A', '1__0'],
  ...['1:30', '190:20:30', '2001-01-01', '2001-12-14t21:59:43.10-05:00', '.inf', '-.INF', '.nan', '10.0.0.1/24', '1,000'],
  ...['a: b', 'a #b', '#x', ' lead', 'trail ', '@x', '`x`', '%x', '&a', '*a', '!x', '|', '>', '[x', '{x', '- a', "it's", '"q"'],
  ...[
    'a\nb',
    'a\tb',
    'a\r\nb',
    '\n',
    'x\n\n',
    ' \n ',
    'key: |\n  x',
    '\x1b[2J',
    'a\x7fb',
    '\x85x',
    'a\x9bb',
    'a\u2028b',
    '\u202ex',
    '\ufeffx',
  ],
  ...['\u00e9', '\ud83d\ude00'],
];
const everything = {
  config: Object.fromEntries(texts.map((text, at) => [`k${at}`, text])),
  list: texts,
  ...Object.fromEntries(texts.map((text) => [text, 1])),
};

describe('YAML', () => {
  it('is read back as it was', async () => {
    expect(await fromYaml(await toYaml(everything))).toEqual(everything);
  });

  it('quotes what readers of YAML 1.1 take for something else, and only that', async () => {
    expect(await toYaml({ a: 'yes', b: '0o17', c: '1_000', d: '2001-01-01', e: 'plain', f: true })).toBe(
      'a: "yes"\nb: "0o17"\nc: "1_000"\nd: "2001-01-01"\ne: plain\nf: true\n',
    );
  });

  it('shows no byte of control', async () => {
    expect(await toYaml(everything)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ufeff]/);
  });

  const python = spawnSync('python3', ['-c', 'import yaml']).status === 0;
  it.skipIf(!python)(`is read alike by PyYAML${python ? '' : ' (needs python3-yaml)'}`, async () => {
    const script = 'import yaml, json, sys; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)';
    const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: await toYaml(everything), encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(everything);
  });
});
