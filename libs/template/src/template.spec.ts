import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { checkTemplate, renderTemplate } from './template.ts';
import { fromJson, textOf, type Value } from './values.ts';

const config = new Map<string, Value>([['user.name', 'Ada']]);
const variables = new Map<string, Value>([
  ['trigger', 'start'],
  ['container', fromJson({ name: 'c1', privileged: 'false' })],
  ['properties', fromJson({ os: 'busybox' })],
  ['config', config],
  ['list', ['a', 'b', 'c']],
  ['empty', []],
  ['number', 7],
  ['config_get', ([key = null, otherwise = null]) => config.get(textOf(key, 1)) ?? otherwise],
]);
const render = (source: string) => renderTemplate('x.tpl', source, variables);

describe('a template', () => {
  it.each([
    ['plain { text } #', 'plain { text } #'],
    ['{{ container.name }}\n', 'c1\n'],
    ['{{ properties.os }}-{{ properties.nothing }}-', 'busybox--'],
    ['{{ config_get("user.name", "nobody") }} {{ config_get("user.x", "nobody") }}', 'Ada nobody'],
    ['{# not {{ this }} #}x{% comment %}{{ nor that }}{% endcomment %}y', 'xy'],
    ['a {%- if true -%} b {%- endif -%} c', 'abc'],
    ['{% if number > 5 and not empty %}yes{% else %}no{% endif %}', 'yes'],
    ['{% if number == 1 %}1{% elif number == 7 %}7{% elif true %}t{% else %}e{% endif %}', '7'],
    ['{% if "b" in list %}in{% endif %}{% if container.privileged %}set{% endif %}', 'inset'],
    ['{% for x in list %}{{ forloop.Counter }}{{ x }}{% if not forloop.Last %},{% endif %}{% endfor %}', '1a,2b,3c'],
    ['{% for x in list reversed %}{{ x }}{% endfor %}{% for x in empty %}{% empty %}-{% endfor %}', 'cba-'],
    ['{% for key, value in properties %}{{ key }}={{ value }};{% endfor %}', 'os=busybox;'],
    ['{% set x = 1 %}{% set x = x + 1 %}{{ x }}', '2'],
    ['{% with a="1" b="2" %}{{ a }}{{ b }}{% endwith %}{% with number as n %}{{ n }}{% endwith %}', '127'],
    ['{% ifequal number 7 %}same{% else %}other{% endifequal %}{% firstof "" nil number %}', 'same7'],
    ['{{ number / 2 }} {{ number / 2.0 }} {{ -number + 1 }} {{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }}', '3 3.500000 -6 7 9'],
    [
      '{{ "a-b"|upper|cut:"-" }} {{ ""|default:"d" }} {{ list|join:", " }} {{ list|length }} {{ list.1 }} {{ list[2] }}',
      'AB d a, b, c 3 b c',
    ],
    ['{{ "a,b"|split:","|last }} {{ "two words"|title }} {{ "a b!"|urlencode }} {{ true|yesno:"y,n" }}', 'b Two Words a+b%21 y'],
    ['{{ "\\"q\\" }}" }}', '"q" }}'],
  ])('%j makes %j', (source, made) => {
    expect(render(source)).toBe(made);
  });

  it.each([
    ['{{ nobody("x") }}', 1, '"nobody" is not a function'],
    ['\n{{ "x"|nofilter }}', 2, 'unknown filter "nofilter"'],
    ['{% include "/etc/shadow" %}', 1, 'unknown tag "include"'],
    ['{% if true %}', 1, 'the tag "endif" is missing'],
    ['a\nb{% endfor %}', 2, 'unknown tag "endfor"'],
    ['{{ 1 ', 1, '}} is missing'],
    ['{# x', 1, 'a comment is not closed'],
    ['{% comment %} x', 1, 'the tag "endcomment" is missing'],
    ['{{ 1 2 }}', 1, 'unexpected "2"'],
    ['{{ 1 / 0 }}', 1, 'the result is not a number'],
    ['{{ container.name() }}', 1, '"container.name" is not a function'],
    ['{{ container }}', 1, 'a map cannot be written out'],
    ['{{ number.constructor }}', 1, 'there is no "constructor" in it'],
    ['{% if true %}a{% else extra %}b{% endif %}', 1, 'unexpected "extra"'],
    ['{% for x in list %}{% endfor extra %}', 1, 'unexpected "extra"'],
    ['{{ ~ }}', 1, 'unexpected "~"'],
  ])('%j is told', (source, line, problem) => {
    expect(() => render(source)).toThrow(`Template "x.tpl", line ${line}: ${problem}`);
  });

  it('is told to be wrong without its variables', () => {
    expect(() => checkTemplate('y.tpl', '{{ nobody }}')).not.toThrow();
    expect(() => checkTemplate('y.tpl', '{% nothing %}')).toThrow('Template "y.tpl", line 1: unknown tag "nothing"');
  });

  it('reaches no prototype', () => {
    expect(render('{{ container.constructor }}{{ container.__proto__ }}{{ properties["toString"] }}')).toBe('');
    expect(render('{{ __proto__ }}')).toBe('');
  });
});

describe('a template of a stranger', () => {
  const loops = (inner: string) => `${'{% for x in "1234567890" %}'.repeat(10)}${inner}${'{% endfor %}'.repeat(10)}`;
  it.each([
    ['goes through too much', loops(''), 'it does too much'],
    [
      'searches too much',
      `{% set s = ${JSON.stringify('a'.repeat(100_000))} %}${loops('{% if "b" in s %}{% endif %}')}`,
      'it does too much',
    ],
    ['writes too much', loops('0123456789'.repeat(10)), 'it makes more than'],
    ['doubles', `{% set x = "0123456789" %}${'{% set x = x + x %}'.repeat(40)}`, 'it makes more than'],
    ['joins', `{% set x = "0123456789"|ljust:9999 %}{{ x|join:x }}`, 'it makes more than'],
    ['pads', '{{ ""|ljust:99999999999 }}', 'it is too wide'],
    ['nests tags', '{% if true %}'.repeat(limits.depth + 1), 'tags are nested too deeply'],
    ['nests expressions', `{{ ${'('.repeat(limits.depth + 1)} }}`, 'expressions are nested too deeply'],
    ['chains', `{{ container${'.x'.repeat(limits.tokens)} }}`, 'words in one tag'],
    ['is long', 'x'.repeat(limits.source + 1), 'it is longer than'],
  ])('is stopped when it %s', (_what, source, problem) => {
    expect(() => render(source)).toThrow(problem);
  });
});
