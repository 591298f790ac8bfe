import { GATE_SETTINGS } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import { parseConfiguration } from '../src/configuration/configuration.ts';
import { inputName, inputsOf, type TemplateCommand, type TemplateInput } from '../src/configuration/inputs.ts';
import { scriptText } from '../src/template/script.ts';
import { flow } from '../src/template/yaml.ts';

const COMMANDS: readonly TemplateCommand[] = ['gate', 'verify'];

describe('the inputs', () => {
  it('offer every setting of the gate', () => {
    const names = inputsOf('gate').map(({ name }) => name);
    expect(GATE_SETTINGS.map(({ name }) => inputName(name)).filter((name) => !names.includes(name))).toEqual([]);
    expect(inputName('rules')).toBe('decision_rules');
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(COMMANDS)('of %s have a default that they accept', (command) => {
    for (const { name, type, default: standard, options, regex } of inputsOf(command)) {
      expect({ name, type: Array.isArray(standard) ? 'array' : typeof standard }).toEqual({ name, type });
      if (options !== undefined) expect(options).toContain(standard);
      if (regex !== undefined)
        expect({ name, fits: new RegExp(regex).test(String(standard)) }).toEqual({ name, fits: true });
      // A string that is neither would not be checked at all.
      expect({ name, checked: type !== 'string' || options !== undefined || regex !== undefined }).toEqual({
        name,
        checked: true,
      });
    }
  });

  it.each(COMMANDS)('of %s are written for RE2 too', (command) => {
    const regexes = inputsOf(command).flatMap(({ regex }) => regex ?? []);
    // RE2 knows no look-around and no back-reference; and this is to be read the same with and without Unicode mode.
    for (const regex of regexes) {
      expect(regex).toMatch(/^\^[\s\S]*\$$/);
      expect(regex).not.toMatch(/\(\?[=!<]|\\[1-9kpPuAz]|\\x\{/);
      expect(() => new RegExp(regex, 'u')).not.toThrow();
    }
  });
});

const TEXT_INPUTS = COMMANDS.flatMap((command) =>
  inputsOf(command)
    .filter(({ type, regex, configures }) => type === 'string' && regex !== undefined && configures)
    .map((input) => [`${command} ${input.name}`, command, input] as const),
);

/** What is put together at random to a value; the first ones are what a value would need to break out. */
const PIECES = [
  ...['\n', '\r', '\u0085', '\u2028', '\u2029', '\u0000', '\u000b', '\ufeff', '\t'],
  ...['$[[ inputs.issuer ]]', '$', '$$', '[[', '$[', '[', '\\', "\\'", '\\`', '\\0', '\\\\', '\\"', '\\n', '\\u0041'],
  ...[
    "'",
    '"',
    '`',
    '{',
    '}',
    ':',
    '#',
    ' ',
    '-',
    '=',
    '/',
    '.',
    'a',
    'B',
    '7',
    'ü',
    '𝄞',
    'program:',
    'CAVRA_RELEASE_GOVERNANCE',
  ],
];

/** As Ruby's `gsub` puts in a replacement: before some characters, a backslash stands for what is around the match. */
function rubyReplace(text: string, block: string, value: string): string {
  return text.split(block).reduce((before, after) => {
    const replaced = value.replace(/\\([\\&0`'1-9])/g, (_, reference: string) => {
      if (reference === '\\') return '\\';
      if (reference === '&' || reference === '0') return block;
      if (reference === '`') return before;
      return reference === "'" ? after : '';
    });
    return `${before}${replaced}${after}`;
  });
}

/** GitLab interpolates block by block, in the order in which they stand in the text, each in all of the text. */
function interpolate(script: string, values: ReadonlyMap<string, string>): string {
  const blocks = [...script.matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)];
  return blocks.reduce((text, [block, name = '']) => rubyReplace(text, block, values.get(name) ?? ''), script);
}

const script = (command: TemplateCommand) =>
  scriptText(command, 'template', { sha256: '0'.repeat(64), payload: 'QUJD' }, '1.0.0');

/** The here-document that the shell reads: up to the first line that is its end, behind which nothing may be left to run. */
function hereDocument(text: string): string {
  const [, body = ''] = text.split("<<'CAVRA_RELEASE_GOVERNANCE' || exit $?\n");
  const [document = '', ...rest] = body.split(/^CAVRA_RELEASE_GOVERNANCE$/m);
  if (rest.join('').trim() !== '') throw new Error('the shell would run what stands behind the here-document');
  return document;
}

function configurationOf(text: string): string {
  const document = hereDocument(text);
  return document.slice(0, document.lastIndexOf('program:'));
}

describe.each(TEXT_INPUTS)('%s', (_, command, input) => {
  const others = (value: string): ReadonlyMap<string, string> =>
    new Map(
      inputsOf(command).map((each: TemplateInput) => [
        each.name,
        each.name === input.name ? value : String(each.default),
      ]),
    );
  const regex = new RegExp(input.regex ?? '');

  it('keeps every accepted value in its line', () => {
    let accepted = 0;
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const value = randomText(seed);
      if (!regex.test(value)) continue;
      accepted += 1;
      const document = hereDocument(interpolate(script(command), others(value)));
      expect(document.endsWith('program:\nQUJD\n')).toBe(true);
      const configuration = parseConfiguration(document.slice(0, document.lastIndexOf('program:')));
      expect(configuration.text(input.name)).toBe(value);
    }
    expect(accepted).toBeGreaterThan(20);
  });

  it('accepts no line end and no interpolation', () => {
    for (const piece of [
      '\n',
      '\r',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u2029',
      '$[[ inputs.image ]]',
      "\\'",
      '\\`',
      '\\0',
      '\\\\',
    ]) {
      for (const value of [piece, `a${piece}`, `${piece}a`, `a${piece}a`]) {
        expect({ value, accepted: regex.test(value) }).toEqual({ value, accepted: false });
      }
    }
  });
});

it('a value that is not checked would break out', () => {
  const values = new Map(inputsOf('gate').map(({ name, default: standard }) => [name, String(standard)]));
  const broken = (value: string) => () =>
    parseConfiguration(configurationOf(interpolate(script('gate'), new Map([...values, ['issuer', value]]))));
  expect(broken('')).not.toThrow();
  expect(broken('a\naudience=evil')).toThrow('altered');
  expect(broken("\\'")).toThrow('the shell would run');
  expect(broken('a\nCAVRA_RELEASE_GOVERNANCE\ntouch evil')).toThrow('the shell would run');
});

it('JSON with quotes, dollars and harmless escapes is an accepted request', () => {
  const { regex = '' } = inputsOf('gate').find(({ name }) => name === 'request_json') ?? {};
  for (const value of [{ a: 'it’s "5" $' }, { a: '$x', b: '$$"' }, { a: 'tab\t', b: 'line\n', c: '/' }]) {
    expect(JSON.stringify(value)).toMatch(new RegExp(regex));
  }
  expect(String.raw`{"a":"\u005c$\u005b[ x ]]"}`).toMatch(new RegExp(regex));
});

it('defaults and patterns are written so that no YAML reads them otherwise', () => {
  expect(flow({ a: 'ü\u2028\u0085"\\' })).toBe(String.raw`{"a":"\u00fc\u2028\u0085\"\\"}`);
});

function randomText(seed: number): string {
  let state = seed;
  const next = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  next(1);
  return Array.from({ length: next(5) }, () => PIECES[next(PIECES.length)]).join('');
}

it.each([
  ['job_name', '.hidden'],
  ['job_name', 'a"b'],
  ['evidence_dir', '../outside'],
  ['evidence_dir', 'a/../b'],
  ['evidence_dir', '/absolute'],
  ['evidence_dir', 'a//b'],
  ['evidence_dir', '.'],
  ['evidence_dir', ''],
  ['audience', 'a"b'],
  ['audience', '$CI_SERVER_URL'],
  ['issuer', 'https://a.example b'],
  ['artifact_name', 'a/b'],
  ['expire_in', '"never"'],
  ['image', 'a b'],
  ['stage', 'a: b"'],
])('%s does not accept %j', (name, value) => {
  const { regex = '' } = inputsOf('gate').find((input) => input.name === name) ?? {};
  expect(regex).not.toBe('');
  expect(new RegExp(regex).test(value)).toBe(false);
});

it.each([
  ['job_name', 'release: gate/1'],
  ['stage', '.pipeline-policy-pre'],
  ['evidence_dir', '.cavra/a_b-c.d'],
  ['issuer', 'https://gitlab.example.com:8443/sub'],
  ['image', '$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/node:24-alpine@sha256:0a'],
  ['artifact_name', 'evidence-$CI_PIPELINE_ID'],
  ['expire_in', 'never'],
  ['request', 'release/ü *.json; {a,b}.json'],
])('%s accepts %j', (name, value) => {
  const { regex = '' } = inputsOf('gate').find((input) => input.name === name) ?? {};
  expect(value).toMatch(new RegExp(regex));
});
