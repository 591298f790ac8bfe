import { describe, expect, it } from '@jest/globals';
import { METHODS, matchableClaims, PROVIDERS } from '../../../src/domain/trust/claims.ts';
import { parseTrustPolicy } from '../../../src/domain/trust/parse-policy.ts';
import { TrustPolicyError } from '../../../src/domain/trust/problems.ts';
import { refusalOf } from '../../support/refusal.ts';
import { azureRule, githubRule, gitlabRule, policyDocument, policyOf } from '../../support/trust.ts';

/** Every problem as `path: message`. */
function problemsOf(document: unknown): readonly string[] {
  const error = refusalOf(() => parseTrustPolicy(document));
  expect(error).toBeInstanceOf(TrustPolicyError);
  expect((error as TrustPolicyError).code).toBe('CAVRA-E210');
  expect((error as TrustPolicyError).exitStatus).toBe(2);
  return (error as TrustPolicyError).problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('a valid policy', () => {
  it('keeps every condition in order', () => {
    const policy = policyOf(
      githubRule(
        { ref: ['refs/heads/main', { glob: 'refs/heads/release/*' }], ref_protected: true, repository_id: '74' },
        {
          issuer: 'https://token.actions.githubusercontent.com',
          requests: { target: 'prod', metadata_kind: ['a', 'b'] },
        },
      ),
    );
    expect(policy.rules).toEqual([
      {
        name: 'rule',
        provider: 'github-actions',
        issuer: 'https://token.actions.githubusercontent.com',
        methods: ['oidc'],
        match: [
          { name: 'repository', anyOf: [{ kind: 'exact', text: 'octo-org/octo-repo' }] },
          {
            name: 'ref',
            anyOf: [
              { kind: 'exact', text: 'refs/heads/main' },
              { kind: 'glob', text: 'refs/heads/release/*' },
            ],
          },
          { name: 'ref_protected', anyOf: [{ kind: 'exact', text: 'true' }] },
          { name: 'repository_id', anyOf: [{ kind: 'exact', text: '74' }] },
        ],
        requests: [
          {
            name: 'metadata_kind',
            anyOf: [
              { kind: 'exact', text: 'a' },
              { kind: 'exact', text: 'b' },
            ],
          },
          { name: 'target', anyOf: [{ kind: 'exact', text: 'prod' }] },
        ],
      },
    ]);
  });

  it('has GUIDs in lower case', () => {
    const policy = policyOf(azureRule({ org_id: 'ABCDEF01-2222-3333-4444-555555555555' }));
    expect(policy.rules[0]?.match[1]?.anyOf).toEqual([{ kind: 'exact', text: 'abcdef01-2222-3333-4444-555555555555' }]);
  });

  it.each([
    ['a local rule by key', { name: 'x', provider: 'local', methods: ['hmac'], match: { key_id: 'k' } }],
    ['both methods, by what both prove', githubRule({}, { methods: ['oidc', 'hmac'] })],
    ['an id of zero', githubRule({ repository_id: '0' })],
    ['an issuer with a port and a path', gitlabRule({}, { issuer: 'https://gitlab.example.com:8443/gitlab' })],
    ['an IPv6 issuer', gitlabRule({}, { issuer: 'https://[::1]:8443' })],
    ['letters of any script', githubRule({ environment: 'Produktion Süd' }, { name: 'Über 生産' })],
  ])('accepts %s', (_, rule) => {
    expect(policyOf(rule).rules).toHaveLength(1);
  });
});

describe('a document of the wrong shape', () => {
  it.each([
    ['null', null, ': expected a mapping, got nothing'],
    ['a list', [], ': expected a mapping, got a list'],
    ['a string', 'x', ': expected a mapping, got a string'],
    ['no version', { rules: [githubRule()] }, ': schema_version is missing'],
    [
      'another version',
      { schema_version: 'v2', rules: [githubRule()] },
      'schema_version: expected one of cavra.release-governance.trust-policy.v1, got "v2"',
    ],
    ['no rules', { schema_version: policyDocument()['schema_version'] }, ': rules is missing'],
    ['empty rules', policyDocument(), 'rules: expected 1 to 500 items, got 0'],
    ['too many rules', policyDocument(...Array(501).fill(githubRule())), 'rules: expected 1 to 500 items, got 501'],
    ['a mapping of rules', { ...policyDocument(), rules: {} }, 'rules: expected a list, got a mapping'],
    [
      'an unknown member',
      { ...policyDocument(githubRule()), default: 'allow' },
      'default: unknown member "default", expected schema_version, rules',
    ],
    ['a rule that is text', policyDocument('x'), 'rules[0]: expected a mapping, got a string'],
  ])('%s', (_, document, problem) => {
    expect(problemsOf(document)).toContain(problem);
  });

  it.each([['toString'], ['__proto__'], ['constructor'], ['hasOwnProperty']])('a member %s is unknown', (name) => {
    const document = JSON.parse(JSON.stringify(policyDocument(githubRule()))) as { rules: { match: object }[] };
    Object.defineProperty(document.rules[0]?.match, name, { value: 'x', enumerable: true });
    expect(problemsOf(document)[0]).toContain(`unknown claim "${name}"`);
  });
});

describe('a rule of the wrong shape', () => {
  it.each([
    ['without a name', githubRule({}, { name: undefined }), 'rules[0]: name is missing'],
    ['with an empty name', githubRule({}, { name: '' }), 'rules[0].name: expected 1 to 100 characters, got 0'],
    [
      'with a long name',
      githubRule({}, { name: 'x'.repeat(101) }),
      'rules[0].name: expected 1 to 100 characters, got 101',
    ],
    [
      'with a name of two lines',
      githubRule({}, { name: 'a\nb' }),
      'rules[0].name: holds a line end, a control character or one that is not seen',
    ],
    [
      'with a number as name',
      githubRule({}, { name: 7 }),
      'rules[0].name: expected a string, got a number; put it in quotes',
    ],
    ['without a provider', githubRule({}, { provider: undefined }), 'rules[0]: provider is missing'],
    [
      'of an unknown provider',
      githubRule({}, { provider: 'github' }),
      'rules[0].provider: expected one of github-actions, gitlab-ci, azure-pipelines, local, got "github"',
    ],
    ['without match', { name: 'x', provider: 'github-actions' }, 'rules[0]: match is missing'],
    [
      'with a list as match',
      { name: 'x', provider: 'gitlab-ci', match: [] },
      'rules[0].match: expected a mapping of claims, got a list',
    ],
    [
      'with an action',
      githubRule({}, { effect: 'deny' }),
      'rules[0].effect: unknown member "effect", expected name, provider, match, issuer, methods, requests',
    ],
    ['with methods as text', githubRule({}, { methods: 'oidc' }), 'rules[0].methods: expected a list, got a string'],
    ['with no methods', githubRule({}, { methods: [] }), 'rules[0].methods: expected 1 to 2 items, got 0'],
    [
      'with an unknown method',
      githubRule({}, { methods: ['none'] }),
      'rules[0].methods[0]: expected one of oidc, hmac, got "none"',
    ],
    [
      'with a method twice',
      githubRule({}, { methods: ['oidc', 'oidc'] }),
      'rules[0].methods[1]: "oidc" is given twice',
    ],
    [
      'local with oidc',
      { name: 'x', provider: 'local', match: { key_id: 'k' } },
      'rules[0].methods: a local runner has no OIDC token; write methods: [hmac]',
    ],
    [
      'hmac with an issuer',
      githubRule({}, { methods: ['hmac'], issuer: 'https://x' }),
      'rules[0].issuer: an HMAC has no issuer; leave it out or write methods: [oidc]',
    ],
    [
      'with an http issuer',
      githubRule({}, { issuer: 'http://x' }),
      'rules[0].issuer: expected an https URL without query or pattern, got "http://x"',
    ],
    [
      'with a pattern as issuer',
      githubRule({}, { issuer: 'https://*.ghe.com' }),
      'rules[0].issuer: expected an https URL without query or pattern, got "https://*.ghe.com"',
    ],
    [
      'with an issuer with user',
      githubRule({}, { issuer: 'https://a@b' }),
      'rules[0].issuer: expected an https URL without query or pattern, got "https://a@b"',
    ],
    [
      'with empty requests',
      githubRule({}, { requests: {} }),
      'rules[0].requests: is empty; leave it out to allow every request',
    ],
    [
      'with an unknown request field',
      githubRule({}, { requests: { approval_state: 'approved' } }),
      'rules[0].requests.approval_state: unknown member "approval_state", expected metadata_kind, target, release_channel',
    ],
    [
      'with a glob as metadata_kind',
      githubRule({}, { requests: { metadata_kind: { glob: 'rollout-*' } } }),
      'rules[0].requests.metadata_kind: is compared exactly; a glob is not possible here, name each value',
    ],
  ])('%s', (_, rule, problem) => {
    expect(problemsOf(policyDocument(rule))).toContain(problem);
  });

  it('two rules of one name', () => {
    expect(problemsOf(policyDocument(githubRule(), gitlabRule()))).toEqual(['rules[1].name: "rule" is given twice']);
  });
});

describe('claims', () => {
  it.each([
    [
      'none at all',
      { repository: undefined },
      /^rules\[0\]\.match: says nothing of the repository; match at least one of repository, repository_id/,
    ],
    [
      'only a ref',
      { repository: undefined, ref: 'refs/heads/main' },
      /^rules\[0\]\.match: says nothing of the repository/,
    ],
    [
      'an unknown claim',
      { colour: 'red' },
      /^rules\[0\]\.match\.colour: unknown claim "colour", expected one of repository, /,
    ],
    ['sub', { sub: 'repo:a/b:ref:refs/heads/main' }, /^rules\[0\]\.match\.sub: sub is not matched/],
    ['a claim of GitLab', { project_id: '1' }, /: project_id is a claim of gitlab-ci, not of github-actions$/],
    ['an id as number', { repository_id: 74 }, /: expected the id as a string of digits; put it in quotes: '74'$/],
    ['an id beyond 2^53', { repository_id: 12_345_678_901_234_567_890n }, /put it in quotes: '12345678901234567890'$/],
    ['an id of letters', { repository_id: 'x1' }, /: expected a numeric id as a string of digits, got "x1"$/],
    ['an id with a sign', { repository_id: '+74' }, /: expected a numeric id/],
    ['an id with a leading zero', { repository_id: '074' }, /: expected a numeric id/],
    ['an id with a line end', { repository_id: '74\n' }, /: expected a numeric id/],
    ['an id of other digits', { repository_id: '７４' }, /: expected a numeric id/],
    ['an id that is null', { repository_id: null }, /: expected a numeric id as a string of digits, got nothing$/],
    ['a flag as text', { ref_protected: 'true' }, /: expected true or false without quotes, got the string "true"$/],
    ['a flag as list', { ref_protected: [true] }, /: expected true or false without quotes, got a list$/],
    [
      'a star without glob',
      { repository: 'octo-org/*' },
      /: is compared exactly; for a pattern write \{glob: "octo-org\/\*"\}$/,
    ],
    [
      'a star in an event',
      { event_name: 'pull_*' },
      /: is compared exactly, so that \* in "pull_\*" would stand for itself/,
    ],
    ['a glob for an event', { event_name: { glob: 'pull_*' } }, /: is compared exactly; a glob is not possible here/],
    [
      'a glob for an owner',
      { repository_owner: { glob: 'octo-*' } },
      /: is compared exactly; a glob is not possible here/,
    ],
    [
      'a glob without a star',
      { repository: { glob: 'a/b' } },
      /\.glob: has no \*; write the value "a\/b" without glob$/,
    ],
    ['two stars', { repository: { glob: 'a/**' } }, /\.glob: \*\* is not supported/],
    ['an unknown kind of pattern', { repository: { regex: '.*' } }, /unknown member "regex", expected glob$/],
    ['an empty pattern', { repository: {} }, /: glob is missing$/],
    ['an empty value', { repository: '' }, /: expected 1 to 512 characters, got 0$/],
    ['a long value', { repository: 'x'.repeat(513) }, /: expected 1 to 512 characters, got 513$/],
    ['a value with a NUL', { repository: 'a/b\u0000' }, /: holds a line end, a control character/],
    ['a value with a character that is not seen', { repository: 'a/\u200bb' }, /or one that is not seen$/],
    ['a value that turns its direction', { environment: 'a\u202eb' }, /or one that is not seen$/],
    ['half of a surrogate pair', { repository: 'a/\ud800' }, /: holds a line end, a control character/],
    ['white space at the end', { repository: 'a/b ' }, /: begins or ends with white space$/],
    ['an empty list', { repository: [] }, /: expected 1 to 500 items, got 0$/],
    [
      'a long list',
      { repository: Array.from({ length: 501 }, (_, index) => `a/${index}`) },
      /: expected 1 to 500 items, got 501$/,
    ],
    ['a list of lists', { repository: [['a/b']] }, /\[0\]: expected a string, got a list$/],
    ['a value twice', { repository: ['a/b', 'a/b'] }, /repository\[1\]: "a\/b" is given twice$/],
    ['a boolean as text', { environment: true }, /: expected a string, got a boolean; put it in quotes$/],
  ])('%s', (_, match, problem) => {
    expect(problemsOf(policyDocument(githubRule(match))).join('\n')).toMatch(new RegExp(problem.source, 'm'));
  });

  it.each([
    [
      'no GUID',
      { org_id: '42' },
      'rules[0].match.org_id: expected a GUID like 01234567-89ab-cdef-0123-456789abcdef, got "42"',
    ],
    [
      'only the pipeline',
      { rpo_id: undefined, def_id: '42' },
      'rules[0].match: says nothing of the repository; match at least one of org_id, prj_id, rpo_id, rpo_uri',
    ],
  ])('Azure: %s', (_, match, problem) => {
    expect(problemsOf(policyDocument(azureRule(match)))).toEqual([problem]);
  });

  it('an HMAC cannot prove what only a token says', () => {
    const rule = githubRule({ environment: 'production', repository_id: '74' }, { methods: ['hmac'] });
    const [environment, id] = problemsOf(policyDocument(rule));
    expect(environment).toMatch(
      /^rules\[0\]\.match\.environment: environment cannot be proven by hmac; only repository, key_id, /,
    );
    expect(id).toMatch(/^rules\[0\]\.match\.repository_id: repository_id cannot be proven by hmac; /);
  });

  it('a rule of both methods needs claims that both prove', () => {
    const rule = githubRule({ environment: 'production' }, { methods: ['oidc', 'hmac'] });
    expect(problemsOf(policyDocument(rule))).toEqual([
      'rules[0].match.environment: environment cannot be proven by hmac; write one rule for each method',
    ]);
    expect(problemsOf(policyDocument(gitlabRule({}, { methods: ['oidc', 'hmac'] })))).toContain(
      'rules[0].match: no claim names a repository of gitlab-ci for both methods; write one rule for each method',
    );
  });
});

it('all problems are named, not only the first', () => {
  const error = refusalOf(() =>
    parseTrustPolicy(
      policyDocument(githubRule({ repository_id: 1, ref: '*' }), githubRule({ sub: 'x' }, { name: 3 })),
      (path) => ({
        line: path.length,
        column: 1,
      }),
    ),
  );
  expect(error).toBeInstanceOf(TrustPolicyError);
  expect((error as TrustPolicyError).problems).toHaveLength(4);
  expect((error as TrustPolicyError).message).toMatch(
    /^line 4, column 1: rules\[0\]\.match\.repository_id: .*; line 4, .*sub/,
  );
});

it('a flood of problems is cut in the message and counted', () => {
  const members = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`member${index}`, 1]));
  const error = refusalOf(() => parseTrustPolicy({ ...policyDocument(githubRule()), ...members })) as TrustPolicyError;
  expect(error.problems).toHaveLength(1_000);
  expect(error.message).toMatch(/; and 980 more$/);
  expect(error.message.length).toBeLessThan(4_000);
});

it('text from outside cannot forge a line of a log', () => {
  const error = refusalOf(() =>
    parseTrustPolicy({ ...policyDocument(githubRule({ event_name: '\u001b[31m*' })), 'a\n::error::b\u202e': 1 }),
  ) as TrustPolicyError;
  expect(error.message).toMatch(/^[ -~]+$/);
});

it('every claim of every table is accepted and refused by its kind', () => {
  const samples = {
    id: '1',
    guid: '01234567-89ab-cdef-0123-456789abcdef',
    flag: true,
    path: { glob: 'a/*' },
    text: 'x',
  };
  for (const provider of PROVIDERS) {
    for (const method of METHODS) {
      const claims = matchableClaims(provider, [method]);
      const match = Object.fromEntries(claims.map(({ name, kind }) => [name, samples[kind]]));
      if (claims.length > 0) {
        const policy = policyOf({ name: 'x', provider, methods: [method], match });
        expect(policy.rules[0]?.match.map(({ name }) => name)).toEqual(claims.map(({ name }) => name));
        const wrong = Object.fromEntries(claims.map(({ name }) => [name, null]));
        expect(problemsOf(policyDocument({ name: 'x', provider, methods: [method], match: wrong }))).toHaveLength(
          claims.length,
        );
      }
    }
  }
});
