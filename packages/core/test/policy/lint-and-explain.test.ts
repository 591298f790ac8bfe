import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { LINT_RULES } from '../../src/domain/trust/lint/codes.ts';
import { explainTrustPolicy, lintTrustPolicy, type PolicyExplainInput } from '../../src/policy/lint-and-explain.ts';
import { readTrustPolicyFile } from '../../src/policy/trust-policy-file.ts';
import { rejectionOf } from '../support/refusal.ts';
import { AZURE_CLAIMS, GITHUB_CLAIMS, GITLAB_CLAIMS, githubRule, policyDocument } from '../support/trust.ts';

const YAML = `schema_version: cavra.release-governance.trust-policy.v1
rules:
  - name: production
    provider: github-actions
    match:
      repository: octo-org/octo-repo
      ref: refs/heads/main
      ref_protected: true
      environment: production
    requests:
      target: production
  - name: build farm
    provider: local
    methods: [hmac]
    match: {key_id: ci-1}
`;

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-policy-app-'));
  writeFileSync(at('policy.yaml'), YAML);
  writeFileSync(at('policy.json'), JSON.stringify(policyDocument(githubRule())));
  writeFileSync(at('broken.yaml'), `${YAML}extra: 1\n`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lint', () => {
  it('reports a valid policy with its digest and each finding with its line', async () => {
    const report = await lintTrustPolicy(at('policy.yaml'), readTrustPolicyFile);
    expect(report).toEqual({
      path: at('policy.yaml'),
      valid: true,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      rules: 2,
      problems: [],
      findings: [
        {
          code: 'name-without-id',
          ...LINT_RULES['name-without-id'],
          rule: 'production',
          path: 'rules[0].match.repository',
          message: 'repository is matched without repository_id',
          line: 6,
          column: 7,
        },
        {
          code: 'unscoped-requests',
          ...LINT_RULES['unscoped-requests'],
          rule: 'build farm',
          path: 'rules[1]',
          message: 'requests is not set',
          line: 12,
          column: 5,
        },
      ],
    });
  });

  it('knows no lines in JSON', async () => {
    const { findings } = await lintTrustPolicy(at('policy.json'), readTrustPolicyFile);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.every((finding) => !('line' in finding))).toBe(true);
  });

  it('reports why a policy is not valid', async () => {
    expect(await lintTrustPolicy(at('broken.yaml'), readTrustPolicyFile)).toEqual({
      path: at('broken.yaml'),
      valid: false,
      sha256: null,
      rules: 0,
      problems: [
        { path: 'extra', message: 'unknown member "extra", expected schema_version, rules', line: 16, column: 1 },
      ],
      findings: [],
    });
  });

  it('a file that cannot be read is an error', async () => {
    const error = await rejectionOf(lintTrustPolicy(at('missing.yaml'), readTrustPolicyFile));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).code).toBe('CAVRA-E216');
  });
});

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const explain = (claims: unknown, input: Partial<PolicyExplainInput> = {}) =>
  explainTrustPolicy({ policyPath: at('policy.yaml'), claims: json(claims), ...input }, readTrustPolicyFile);

describe('explain', () => {
  const request = json({ target: 'production' });

  it('names the rule that lets the claims pass', async () => {
    const report = await explain(GITHUB_CLAIMS, { request });
    expect(report.decision).toEqual({ trusted: true, rule: 'production' });
    expect([report.method, report.provider, report.repository]).toEqual([
      'oidc',
      'github-actions',
      'octo-org/octo-repo',
    ]);
    expect(report.policy?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report.rules.map(({ rule, matched }) => [rule, matched])).toEqual([
      ['production', true],
      ['build farm', false],
    ]);
    expect(report.notes).toEqual([expect.stringMatching(/taken as given/)]);
  });

  it('names the condition at which each rule stops', async () => {
    const report = await explain({ ...GITHUB_CLAIMS, environment: 'staging' });
    expect(report.decision.trusted).toBe(false);
    expect(report.rules[0]?.conditions.filter(({ met }) => !met)).toEqual([
      { name: 'match.environment', origin: 'rule', expected: 'production', actual: 'staging', met: false },
      { name: 'requests.target', origin: 'rule', expected: 'production', actual: null, met: false },
    ]);
    expect(report.notes).toContainEqual(expect.stringMatching(/no request was given/));
  });

  it('tells the platforms apart by their claims', async () => {
    expect((await explain(GITLAB_CLAIMS)).provider).toBe('gitlab-ci');
    expect((await explain(AZURE_CLAIMS)).provider).toBe('azure-pipelines');
  });

  it('takes a runner identity as proven by an HMAC', async () => {
    const identity = { provider: 'local', repository: 'octo-org/octo-repo', extra: 1 };
    expect((await explain(identity, { keyId: 'ci-1' })).decision).toEqual({ trusted: true, rule: 'build farm' });
    expect((await explain(identity, { keyId: 'ci-2' })).decision.trusted).toBe(false);
    expect((await explain(identity)).decision.trusted).toBe(false);
  });

  it('without a policy explains the default', async () => {
    const report = await explain(GITHUB_CLAIMS, { policyPath: undefined });
    expect(report.policy).toBeNull();
    expect(report.decision).toEqual({ trusted: true, rule: 'default: this repository only' });
    const own = { provider: 'github-actions', repository: 'octo-org/other' } as const;
    expect((await explain(GITHUB_CLAIMS, { policyPath: undefined, own })).decision.trusted).toBe(false);
  });

  it.each([
    ['no JSON', Buffer.from('x'), 'CAVRA-E201'],
    ['a token', Buffer.from('eyJhbGciOiJSUzI1NiJ9.e30.AA'), 'CAVRA-E201'],
    ['a list', json([GITHUB_CLAIMS]), 'CAVRA-E201'],
    ['no repository', json({ iss: 'https://x' }), 'CAVRA-E201'],
    ['a repository that is a list', json({ repository: ['a/b'] }), 'CAVRA-E201'],
  ])('%s is refused', async (_, claims, code) => {
    const error = await rejectionOf(explainTrustPolicy({ policyPath: undefined, claims }, readTrustPolicyFile));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).code).toBe(code);
    expect((error as ConfigurationError).message).not.toContain('eyJ');
  });

  it('a request that carries trust is refused, as in the gate', async () => {
    const error = await rejectionOf(explain(GITHUB_CLAIMS, { request: json({ runner_auth: {} }) }));
    expect((error as ConfigurationError).code).toBe('CAVRA-E205');
  });

  it('a policy that is not the pinned one is refused', async () => {
    const error = await rejectionOf(explain(GITHUB_CLAIMS, { policySha256: '0'.repeat(64) }));
    expect((error as ConfigurationError).code).toBe('CAVRA-E218');
  });
});
