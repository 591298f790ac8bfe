import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { trustPolicyJsonSchema } from '../../../../../scripts/published/trust-policy-schema.ts';
import { parseTrustPolicy } from '../../../src/domain/trust/parse-policy.ts';
import { azureRule, githubRule, gitlabRule, policyDocument } from '../../support/trust.ts';

const published = readFileSync(new URL('../../../../../schemas/trust-policy.schema.json', import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true }).compile(
  JSON.parse(published) as object,
);

function parserAccepts(document: unknown): boolean {
  try {
    parseTrustPolicy(document);
    return true;
  } catch {
    return false;
  }
}

it('schemas/trust-policy.schema.json is the parser’s table; `node scripts/generate-schemas.mjs` writes it', () => {
  expect(published).toBe(trustPolicyJsonSchema());
});

type Plain = Readonly<Record<string, unknown>>;
const hmac = (provider: string, match: Plain, members: Plain = {}) => ({
  name: 'rule',
  provider,
  methods: ['hmac'],
  match,
  ...members,
});

describe('schema and parser agree on', () => {
  const VALUES = [
    'x',
    '',
    ' x',
    'x\n',
    'a*',
    '74',
    '074',
    7,
    true,
    false,
    null,
    [],
    ['x'],
    ['x', 'x'],
    ['74', '75'],
    {},
    { glob: 'a/*' },
    { glob: 'a' },
    { glob: 'a**' },
    { glob: '*', x: 1 },
    [{ glob: 'a/*' }, 'b'],
    '01234567-89AB-cdef-0123-456789abcdef',
    'x'.repeat(512),
    'x'.repeat(513),
  ];
  const CLAIMS: readonly (readonly [string, (match: Plain) => Plain])[] = [
    ['environment', githubRule],
    ['repository_id', githubRule],
    ['ref_protected', githubRule],
    ['event_name', githubRule],
    ['sub', githubRule],
    ['project_id', githubRule],
    ['repository', githubRule],
    ['runner_environment', gitlabRule],
    ['job_project_path', gitlabRule],
    ['org_id', azureRule],
    ['key_id', (match) => hmac('local', { repository: 'a/b', ...match })],
    ['environment', (match) => hmac('github-actions', { repository: 'a/b', ...match })],
  ];
  const RULES: readonly Plain[] = [
    githubRule(),
    githubRule({ repository: undefined }),
    githubRule({ repository: undefined, ref: 'refs/heads/main' }),
    githubRule({ repository: undefined, enterprise_id: '1' }),
    githubRule({}, { issuer: 'https://token.actions.githubusercontent.com/octo' }),
    githubRule({}, { issuer: 'http://x' }),
    githubRule({}, { issuer: 'https://x?y' }),
    githubRule({}, { issuer: 7 }),
    githubRule({}, { methods: [] }),
    githubRule({}, { methods: ['oidc'] }),
    githubRule({}, { methods: ['hmac'] }),
    githubRule({}, { methods: ['hmac'], issuer: 'https://x' }),
    githubRule({}, { methods: ['oidc', 'hmac'] }),
    githubRule({}, { methods: ['hmac', 'oidc'], issuer: 'https://x' }),
    githubRule({ environment: 'x' }, { methods: ['oidc', 'hmac'] }),
    githubRule({}, { methods: ['oidc', 'oidc'] }),
    githubRule({}, { methods: ['none'] }),
    githubRule({}, { methods: 'oidc' }),
    githubRule({}, { provider: 'github' }),
    githubRule({}, { provider: undefined }),
    githubRule({}, { name: undefined }),
    githubRule({}, { name: 'x'.repeat(100) }),
    githubRule({}, { name: 'x'.repeat(101) }),
    githubRule({}, { name: 7 }),
    githubRule({}, { match: 7 as unknown as Plain, extra: 1 }),
    githubRule({}, { requests: {} }),
    githubRule({}, { requests: { target: 'x' } }),
    githubRule({}, { requests: { target: { glob: 'x/*' }, metadata_kind: ['a', 'b'], release_channel: 'c' } }),
    githubRule({}, { requests: { metadata_kind: { glob: 'a-*' } } }),
    githubRule({}, { requests: { other: 'x' } }),
    gitlabRule({}, { methods: ['oidc', 'hmac'] }),
    hmac('gitlab-ci', { repository: 'a/b' }),
    hmac('azure-pipelines', { key_id: 'k' }),
    hmac('local', { key_id: 'k' }),
    hmac('local', { ref: 'main' }),
    { name: 'rule', provider: 'local', match: { key_id: 'k' } },
    { name: 'rule', provider: 'local', methods: ['oidc', 'hmac'], match: { repository: 'a/b' } },
  ];
  const documents: readonly unknown[] = [
    ...CLAIMS.flatMap(([name, rule]) => VALUES.map((value) => policyDocument(rule({ [name]: value })))),
    ...RULES.map((rule) => policyDocument(rule)),
    null,
    [],
    {},
    policyDocument(),
    { ...policyDocument(githubRule()), schema_version: 'v2' },
    { ...policyDocument(githubRule()), extra: 1 },
    { rules: [githubRule()] },
    policyDocument('x'),
  ];

  it(`${documents.length} documents`, () => {
    const verdicts = documents.map((document) => ({ document, parser: parserAccepts(document) }));
    const differ = verdicts.filter(({ document, parser }) => validate(document) !== parser);
    expect(differ).toEqual([]);
    expect(verdicts.filter(({ parser }) => parser).length).toBeGreaterThan(40);
    expect(verdicts.filter(({ parser }) => !parser).length).toBeGreaterThan(40);
  });
});
