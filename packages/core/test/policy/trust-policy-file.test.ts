import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { MAX_TRUST_POLICY_BYTES } from '../../src/domain/limits.ts';
import { TrustPolicyError } from '../../src/domain/trust/problems.ts';
import { parseTrustPolicyText, readTrustPolicyFile } from '../../src/policy/trust-policy-file.ts';
import { rejectionOf } from '../support/refusal.ts';
import { githubRule, policyDocument } from '../support/trust.ts';

const VERSION = 'schema_version: cavra.release-governance.trust-policy.v1\n';
const YAML = `${VERSION}rules:
  - name: main
    provider: github-actions
    match:
      repository: octo-org/octo-repo
      ref: [refs/heads/main, {glob: refs/heads/release/*}]
`;

async function problems(text: string | Uint8Array, format: 'json' | 'yaml' = 'yaml'): Promise<readonly string[]> {
  const error = await rejectionOf(parseTrustPolicyText(Buffer.from(text), format));
  expect(error).toBeInstanceOf(TrustPolicyError);
  expect((error as TrustPolicyError).code).toBe('CAVRA-E210');
  return (error as TrustPolicyError).problems.map(
    ({ path, message, position }) => `${position?.line}:${position?.column} ${path}: ${message}`,
  );
}

const parse = async (text: string) => (await parseTrustPolicyText(Buffer.from(text), 'yaml')).policy;

describe('YAML and JSON', () => {
  it('give the same policy', async () => {
    const document = policyDocument(
      githubRule({ ref: ['refs/heads/main', { glob: 'refs/heads/release/*' }] }, { name: 'main' }),
    );
    const json = await parseTrustPolicyText(Buffer.from(JSON.stringify(document)), 'json');
    expect(json.policy).toEqual(await parse(YAML));
  });

  it('block, flow, quoted, folded and CRLF are one policy', async () => {
    const expected = await parse(YAML);
    expect(await parse(`---\n${YAML}...\n`)).toEqual(expected);
    expect(await parse(YAML.replaceAll('\n', '\r\n'))).toEqual(expected);
    expect(await parse(YAML.replace('octo-org/octo-repo', '"octo-org\\/octo-repo"'))).toEqual(expected);
    expect(await parse(YAML.replace('octo-org/octo-repo', '>-\n        octo-org/octo-repo'))).toEqual(expected);
    expect(
      await parse(
        JSON.stringify({
          ...policyDocument(
            githubRule({ ref: ['refs/heads/main', { glob: 'refs/heads/release/*' }] }, { name: 'main' }),
          ),
        }),
      ),
    ).toEqual(expected);
  });

  it('words and dates that older YAML makes something else of stay text', async () => {
    for (const word of ['on', 'off', 'yes', 'no', 'y', 'N', '2026-01-01', '12:30:45', '1_000', '0777:', '<<x', '=']) {
      const text = YAML.replace('name: main', `name: ${word === '0777:' ? '"0777:"' : word}`);
      expect((await parse(text)).rules[0]?.name).toBe(word);
    }
  });

  it.each(['true', 'null', '~', '7', '0x1F', '0o17', '1.10', '1e3', '.inf', ''])('%s is no text', async (word) => {
    expect((await problems(YAML.replace('name: main', `name: ${word}`)))[0]).toMatch(
      /^3:5 rules\[0\]\.name: expected a string/,
    );
  });

  it('members of the language’s own names are ordinary ones', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await problems(`${YAML}${name}: {polluted: true}\n`)).toEqual([
        `8:1 ${name}: unknown member "${name}", expected schema_version, rules`,
      ]);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('every problem has its line and column', () => {
  it('of the policy', async () => {
    const text = `${VERSION}rules:
  - name: a
    provider: github
    match: {repository: a/b}
  - name: b
    provider: github-actions
    match:
      repository: a/b
      repository_id: 74
      ref: ['refs/heads/main', "refs/*"]
      on: push
`;
    expect(await problems(text)).toEqual([
      '4:5 rules[0].provider: expected one of github-actions, gitlab-ci, azure-pipelines, local, got "github"',
      "10:7 rules[1].match.repository_id: expected the id as a string of digits; put it in quotes: '74'",
      '11:32 rules[1].match.ref[1]: is compared exactly; for a pattern write {glob: "refs/*"}',
      expect.stringMatching(/^12:7 rules\[1\]\.match\.on: unknown claim "on"/),
    ]);
  });

  it('of the syntax', async () => {
    expect(await problems('rules: [a\n')).toEqual([expect.stringMatching(/^2:1 : not valid YAML, /)]);
    expect(await problems('a:\n\t- b\n')).toEqual([expect.stringMatching(/^2:1 : not valid YAML, tabs/)]);
    expect(await problems('{"a": 1,}', 'json')).toEqual([expect.stringMatching(/line 1, column 9/)]);
  });
});

describe('refused YAML', () => {
  const LAUGHS = `a: &a [x, x]\n${Array.from({ length: 30 }, (_, index) => `b${index}: &b${index} [*a, *a]`).join('\n')}\n`;

  it.each([
    ['a billion laughs', LAUGHS, '1:4 : anchors are not allowed; write the value out'],
    ['an alias', 'a: *b\n', '1:4 : aliases are not allowed; write the value out'],
    ['an anchor on a key', '&a b: c\n', '1:1 : anchors are not allowed; write the value out'],
    ['a tag', 'a: !!js/function "x"\n', '1:4 : tags are not allowed'],
    ['a standard tag', 'a: !!str 1\n', '1:4 : tags are not allowed'],
    ['a bare tag', 'a: ! x\n', '1:4 : tags are not allowed'],
    ['a verbatim tag', 'a: !<tag:x> y\n', '1:4 : tags are not allowed'],
    ['a directive', '%YAML 1.1\n---\na: b\n', '1:1 : directives are not allowed'],
    ['a merge key', 'a: b\n<<: {c: d}\n', '2:1 : merge keys are not allowed; write the members out'],
    ['a quoted merge key', '"<<": {c: d}\n', '1:1 : merge keys are not allowed; write the members out'],
    ['a key twice', 'a: b\n"a": c\n', '2:1 : the key "a" is given twice'],
    ['a key twice in a flow', '{a: {b: c, "\\x62": d}}\n', '1:12 a: the key "b" is given twice'],
    ['a number as key', '1: a\n', '1:1 : a key is not a string; put it in quotes'],
    ['null as key', '~: a\n', '1:1 : a key is not a string; put it in quotes'],
    ['an empty key', ': a\n', '1:1 : a key is not a string; put it in quotes'],
    ['a list as key', '? [a]\n: b\n', '1:3 : a key is not a string; put it in quotes'],
    ['two documents', 'a: b\n---\nc: d\n', expect.stringMatching(/document/)],
    ['two marked documents', '---\na: b\n---\nc: d\n', '3:1 : more than one document'],
    ['a document after the end', 'a: b\n...\nc: d\n', expect.stringMatching(/document/)],
    ['a NUL', 'a: "b\u0000"\n', '1:6 : control characters and unpaired surrogates are not allowed'],
    ['a mark of the lexer', 'a: \u001fb\n', '1:4 : control characters and unpaired surrogates are not allowed'],
    ['a NEL', 'a: b\u0085c\n', '1:5 : control characters and unpaired surrogates are not allowed'],
    ['a line separator', 'a: b\u2028c\n', '1:5 : control characters and unpaired surrogates are not allowed'],
    ['a byte order mark', `\ufeff${YAML}`, '1:1 : a byte order mark is not allowed'],
    ['nothing', '', 'undefined:undefined : expected a mapping, got nothing'],
    ['a comment', '# only\n', expect.stringMatching(/expected a mapping, got nothing/)],
    ['a text', 'policy\n', '1:1 : expected a mapping, got a string'],
    ['a number', '7\n', '1:1 : expected a mapping, got a number'],
  ])('%s', async (_, text, problem) => {
    expect((await problems(text))[0]).toEqual(problem);
  });

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(30_000)],
    ['closed brackets', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['dashes', '- '.repeat(60_000)],
    ['question marks', '? '.repeat(60_000)],
    ['pairs on a line', 'a: '.repeat(40_000)],
    ['pairs in brackets', `[${'a: '.repeat(40_000)}]`],
    ['pairs over lines in brackets', `[${'a:\n '.repeat(30_000)}]`],
    ['keys in brackets', `[${'? '.repeat(60_000)}]`],
    ['indented mappings', Array.from({ length: 500 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')],
    ['indented lists', Array.from({ length: 500 }, (_, index) => `${' '.repeat(index)}-`).join('\n')],
    [
      'lists at the same column',
      Array.from({ length: 64 }, (_, index) => `${' '.repeat(index)}a:\n${' '.repeat(index)}-`).join('\n'),
    ],
    ['a mapping of 33 levels', `${'{a: '.repeat(33)}x${'}'.repeat(33)}`],
    ['a block of 33 levels', Array.from({ length: 34 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')],
  ])('%s, nested far too deep', async (_, text) => {
    const started = process.hrtime.bigint();
    expect((await problems(text))[0]).toMatch(
      /nested deeper than 32 levels|indented by more than 128 columns|not valid YAML/,
    );
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5_000);
  });

  it.each([
    ['keys', Array.from({ length: 5_000 }, (_, index) => `k${index}: v`).join('\n')],
    ['items', '- a\n'.repeat(10_000)],
    ['documents', '---\n'.repeat(30_000)],
    ['errors', 'a: }\n'.repeat(5_000)],
    ['commas', `[${','.repeat(10_000)}]`],
    ['quotes', '"'.repeat(20_001)],
    ['colons', ':'.repeat(100_000)],
    ['line ends', '\n'.repeat(100_000)],
    ['digits', `a: ${'1'.repeat(100_000)}`],
    ['an exponent', `a: 1e${'9'.repeat(100_000)}`],
    ['comments', '# x\n'.repeat(30_000)],
  ])('many %s end in an error, in time', async (_, text) => {
    expect(text.length).toBeLessThan(MAX_TRUST_POLICY_BYTES);
    const started = process.hrtime.bigint();
    expect((await problems(text)).length).toBeGreaterThan(0);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(20_000);
  });

  it.each(['yaml', 'json'] as const)('too large or not UTF-8, as %s', async (format) => {
    expect((await problems(' '.repeat(MAX_TRUST_POLICY_BYTES + 1), format))[0]).toContain(
      `${MAX_TRUST_POLICY_BYTES} are allowed`,
    );
    expect((await problems(Uint8Array.of(0x61, 0xff), format))[0]).toContain('the text is not UTF-8');
  });
});

describe('refused JSON', () => {
  it.each([
    ['a member twice', '{"rules": 1, "rules": 2}', /two members of this name/],
    ['nested too deep', '['.repeat(100_000), /nested deeper than 32 levels/],
    ['a comment', '// x\n{}', /not valid JSON/],
    ['YAML', YAML, /not valid JSON/],
    ['a byte order mark', '\ufeff{}', /byte order mark/],
  ])('%s', async (_, text, problem) => {
    expect((await problems(text, 'json'))[0]).toMatch(problem);
  });
});

describe('the file', () => {
  let folder = '';
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-policy-'));
    writeFileSync(at('policy.yaml'), YAML);
    writeFileSync(at('policy.JSON'), JSON.stringify(policyDocument(githubRule())));
    writeFileSync(at('yaml.json'), YAML);
    writeFileSync(at('large.yaml'), '#'.repeat(MAX_TRUST_POLICY_BYTES + 1));
    mkdirSync(at('folder.yaml'));
    symlinkSync(at('policy.yaml'), at('link.yaml'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const codeOf = async (name: string, sha256?: string) => {
    const error = await rejectionOf(readTrustPolicyFile(at(name), { sha256 }));
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).code;
  };
  const digest = createHash('sha256').update(YAML).digest('hex');

  it('is read with its digest and positions', async () => {
    const { policy, sha256, locate } = await readTrustPolicyFile(at('policy.yaml'));
    expect(policy.rules.map(({ name }) => name)).toEqual(['main']);
    expect(sha256).toBe(digest);
    expect(locate(['rules', 0, 'match', 'ref', 1])).toEqual({ line: 7, column: 30 });
    expect(locate(['rules', 0, 'match', 'ref'])).toEqual({ line: 7, column: 7 });
    expect((await readTrustPolicyFile(at('policy.JSON'))).policy.rules).toHaveLength(1);
  });

  it('passes its own pin in either letter case, and no other', async () => {
    for (const sha256 of [digest, digest.toUpperCase()]) {
      expect((await readTrustPolicyFile(at('policy.yaml'), { sha256 })).sha256).toBe(digest);
    }
    for (const sha256 of ['0'.repeat(64), digest.slice(0, 63), `${digest}0`, '']) {
      expect(await codeOf('policy.yaml', sha256)).toBe('CAVRA-E218');
    }
  });

  it('is not parsed before its pin is checked', async () => {
    expect(await codeOf('yaml.json', '0'.repeat(64))).toBe('CAVRA-E218');
    expect(await codeOf('yaml.json')).toBe('CAVRA-E210');
  });

  it.each(['missing.yaml', 'folder.yaml', 'link.yaml', 'large.yaml'])('%s is not read', async (name) => {
    expect(await codeOf(name)).toBe('CAVRA-E216');
  });
});
