import { describe, expect, it } from '@jest/globals';
import { sshSigner } from '../../../../../test/support/ssh-signer.ts';
import type { ApprovalTerms } from '../../../src/domain/approvals/terms.ts';
import { parseTrustPolicy } from '../../../src/domain/trust/parse/parse-policy.ts';
import { TrustPolicyError } from '../../../src/domain/trust/problems.ts';
import { azureRule, githubRule, gitlabRule } from '../../support/trust.ts';

type Plain = Readonly<Record<string, unknown>>;

const [key, other] = [sshSigner().publicKey, sshSigner('sk-ssh-ed25519@openssh.com').publicKey] as const;
const GUID = '01234567-89AB-cdef-0123-456789abcdef';
const LEAD = { name: 'release-lead', github: '1001', gitlab: '51', azure: GUID, ssh: [`${key} lead@laptop`] };
const DUTY = { name: 'duty-manager', github: '1002', ssh: [other], revoked_since: '2026-11-02T00:00:00Z' };
const LISTS = { 'release-managers': [LEAD, DUTY], 'incident-managers': [LEAD] };
const TERMS = { required: 1, approvers: ['release-managers'], sources: ['ssh', 'github-environment'] };

const documentOf = (approvers: unknown, rule: Plain) => ({
  schema_version: 'cavra.release-governance.trust-policy.v1',
  approvers,
  rules: [rule],
});

function problems(approvers: unknown, rule: Plain = githubRule(), files: ReadonlyMap<string, Uint8Array> = new Map()) {
  try {
    parseTrustPolicy(documentOf(approvers, rule), undefined, files);
    return [];
  } catch (error) {
    if (!(error instanceof TrustPolicyError)) throw error;
    expect(error.code).toBe('CAVRA-E210');
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const termsProblems = (
  changes: Plain,
  rule: (match: Plain, members: Plain) => Plain = githubRule,
  members: Plain = {},
) => problems(LISTS, rule({}, { approvals: { ...TERMS, ...changes }, ...members }));

function terms(changes: Plain = {}): ApprovalTerms | undefined {
  const document = documentOf(LISTS, githubRule({}, { approvals: { ...TERMS, ...changes } }));
  return parseTrustPolicy(document).rules[0]?.approvals;
}

describe('lists of approvers', () => {
  it('name people by ids and keys', () => {
    const { approvers } = parseTrustPolicy(documentOf(LISTS, githubRule()));
    expect([...approvers.keys()]).toEqual(['release-managers', 'incident-managers']);
    const [lead, duty] = approvers.get('release-managers') ?? [];
    expect(lead).toMatchObject({
      name: 'release-lead',
      ids: { github: '1001', gitlab: '51', azure: GUID.toLowerCase() },
    });
    expect(lead?.keys[0]?.publicKey.type).toBe('ssh-ed25519');
    expect(duty).toMatchObject({ name: 'duty-manager', revokedSince: Date.parse('2026-11-02T00:00:00Z') });
  });

  it('are empty where a policy has none', () => {
    const { approvers, rules } = parseTrustPolicy({
      schema_version: 'cavra.release-governance.trust-policy.v1',
      rules: [githubRule()],
    });
    expect([approvers.size, rules[0]?.approvals]).toEqual([0, undefined]);
  });

  const person = (members: Plain) => ({ list: [{ ...LEAD, ...members }] });

  it.each<[string, unknown, string]>([
    ['no mapping', [LEAD], 'approvers: expected a mapping of lists, got a list'],
    ['an empty list', { list: [] }, 'approvers.list: expected 1 to 500 items, got 0'],
    ['a name of a list that is none', { 'a b': [LEAD] }, 'approvers["a b"]: is no name of a list'],
    [
      'a login',
      person({ github: 'octocat' }),
      'approvers.list[0].github: expected the numeric id of a user, in quotes and no login, got "octocat"',
    ],
    [
      'a number',
      person({ github: 1001 }),
      'approvers.list[0].github: expected the numeric id of a user, in quotes and no login, got a number',
    ],
    ['a GUID that is none', person({ azure: '1f0c' }), 'approvers.list[0].azure: expected the GUID of a user'],
    [
      'an e-mail address',
      person({ name: 'ann@example.com' }),
      'approvers.list[0].name: ann@example.com is an e-mail address',
    ],
    ['an unknown member', person({ bitbucket: '1' }), 'approvers.list[0].bitbucket: unknown member'],
    [
      'nothing but a name',
      { list: [{ name: 'x' }] },
      'approvers.list[0]: has neither an id (github, gitlab, azure) nor a key (ssh)',
    ],
    ['no name', { list: [{ github: '1' }] }, 'approvers.list[0]: name is missing'],
    ['a key that is cut', person({ ssh: [key.slice(0, -4)] }), 'approvers.list[0].ssh[0]: the public key is cut off'],
    ['a key that is no list', person({ ssh: key }), 'approvers.list[0].ssh: expected a list, got a string'],
    ['no key', person({ ssh: [] }), 'approvers.list[0].ssh: expected 1 to 20 items'],
    [
      'a date without time',
      person({ valid_before: '2027-01-01' }),
      'approvers.list[0].valid_before: expected a time like',
    ],
    [
      'a name twice',
      { list: [LEAD, { ...LEAD, github: '7', ssh: [other] }] },
      'approvers.list[1].name: "release-lead" is given twice',
    ],
    [
      'a key of two people',
      { list: [LEAD, { name: 'x', ssh: [key] }] },
      'approvers.list[1]: an ssh key of "x" is also that of "release-lead"',
    ],
    [
      'a key of two people in two lists',
      { a: [LEAD], b: [{ name: 'x', ssh: [`${key} other comment`] }] },
      'approvers.b[0]: an ssh key of "x"',
    ],
    [
      'a key twice',
      { list: [{ name: 'x', ssh: [key, `${key} x`] }] },
      'approvers.list[0]: an ssh key of "x" is also that of "x"',
    ],
    [
      'an id of two people',
      { list: [LEAD, { name: 'x', github: '1001' }] },
      'approvers.list[1]: the github id 1001 of "x" is also that of "release-lead"',
    ],
    ['a GUID of two people', { list: [LEAD, { name: 'x', azure: GUID.toLowerCase() }] }, 'the azure id'],
    [
      'one name with two meanings',
      { a: [LEAD], b: [{ ...LEAD, github: '9' }] },
      'approvers.b[0]: "release-lead" stands in two lists that say different things',
    ],
    [
      'a file that is not pinned',
      { list: { allowed_signers: 'signers' } },
      'approvers.list.allowed_signers: must be pinned',
    ],
    [
      'a file that is not there',
      { list: { allowed_signers: `signers@sha256:${'a'.repeat(64)}` } },
      'cannot be read here',
    ],
    ['something else', { list: 'managers' }, 'approvers.list: expected a mapping, got a string'],
  ])('are refused with %s', (_, approvers, expected) => {
    expect(problems(approvers)).toContainEqual(expect.stringContaining(expected));
  });

  it('may be a file of allowed signers', () => {
    const reference = `signers@sha256:${'a'.repeat(64)}`;
    const files = new Map([[reference, Buffer.from(`auditor ${key}\n`)]]);
    const approvers = { auditors: { allowed_signers: reference } };
    const policy = parseTrustPolicy(documentOf(approvers, githubRule()), undefined, files);
    expect(policy.approvers.get('auditors')?.map(({ name }) => name)).toEqual(['auditor']);
    expect(problems({ ...approvers, ...LISTS }, githubRule(), files)).toEqual([
      'approvers.release-managers[0]: an ssh key of "release-lead" is also that of "auditor"',
    ]);
    expect(problems(approvers, githubRule(), new Map([[reference, Buffer.from('* x')]]))).toEqual([
      expect.stringContaining('approvers.auditors.allowed_signers: line 1: '),
    ]);
  });
});

describe('the approvals of a rule', () => {
  it('may have a count as YAML reads it', () => {
    expect(terms({ required: 2n })?.required).toBe(2);
    expect(termsProblems({ required: 2n ** 64n })).toHaveLength(1);
  });

  it('have defaults that are safe', () => {
    expect(terms()).toEqual({
      required: 1,
      approvers: ['release-managers'],
      sources: ['ssh', 'github-environment'],
      exclude: ['starter'],
      bind: undefined,
      maxAgeMs: 72 * 3_600_000,
      ssh: { userPresence: true, userVerification: false, webauthnOrigins: [] },
      emergency: [],
    });
  });

  it('say everything else', () => {
    const ssh = {
      user_presence: false,
      user_verification: true,
      webauthn_origins: ['https://approve.example.com:8443'],
    };
    expect(
      terms({ exclude: [], bind: ['request', 'run'], max_age: '90m', ssh, emergency: ['incident-managers'] }),
    ).toMatchObject({
      exclude: [],
      bind: ['request', 'run'],
      maxAgeMs: 5_400_000,
      ssh: { userPresence: false, userVerification: true, webauthnOrigins: ['https://approve.example.com:8443'] },
      emergency: ['incident-managers'],
    });
  });

  it.each<[string, Plain, string]>([
    ['nobody required', { required: 0 }, '.required: expected how many people'],
    ['a part of a person', { required: 1.5 }, '.required: expected how many people'],
    ['a count in quotes', { required: '2' }, '.required: expected how many people'],
    [
      'a list that is not there',
      { approvers: ['x'] },
      '.approvers[0]: expected one of release-managers, incident-managers, got "x"',
    ],
    ['no list', { approvers: [] }, '.approvers: expected 1 to 50 items'],
    ['a list twice', { approvers: ['release-managers', 'release-managers'] }, 'is given twice'],
    ['no source', { sources: [] }, '.sources: expected 1 to 5 items'],
    ['an unknown source', { sources: ['email'] }, '.sources[0]: expected one of ssh, github-environment'],
    ['an unknown exclusion', { exclude: ['author'] }, '.exclude[0]: expected one of starter, commit-authors'],
    ['exclude without list', { exclude: 'starter' }, '.exclude: expected a list, got a string'],
    ['a binding without request', { bind: ['commit'] }, '.bind: must hold request'],
    ['no binding', { bind: [] }, '.bind: expected 1 to 4 items'],
    ['an age without unit', { max_age: '72' }, '.max_age: expected a length of time'],
    ['an age in seconds', { max_age: 259200 }, '.max_age: expected a length of time'],
    ['an age of a year', { max_age: '365d' }, '.max_age: expected a length of time up to 90 days'],
    [
      'a flag in quotes',
      { ssh: { user_presence: 'false' } },
      '.ssh.user_presence: expected true or false without quotes',
    ],
    ['an unknown flag', { ssh: { touch: true } }, '.ssh.touch: unknown member'],
    [
      'an origin with a path',
      { ssh: { webauthn_origins: ['https://a.example/'] } },
      '.ssh.webauthn_origins[0]: expected an origin',
    ],
    ['an origin over http', { ssh: { webauthn_origins: ['http://a.example'] } }, 'expected an origin'],
    ['an origin by pattern', { ssh: { webauthn_origins: ['https://*.example'] } }, 'expected an origin'],
    ['an origin in capitals', { ssh: { webauthn_origins: ['https://A.example'] } }, 'expected an origin'],
    [
      'an origin with its standard port',
      { ssh: { webauthn_origins: ['https://a.example:443'] } },
      'expected an origin',
    ],
    ['an emergency list that is not there', { emergency: ['x'] }, '.emergency[0]: expected one of'],
    ['an unknown member', { quorum: 2 }, '.quorum: unknown member'],
  ])('are refused with %s', (_, changes, expected) => {
    expect(termsProblems(changes)).toContainEqual(expect.stringContaining(expected));
  });

  it('need lists', () => {
    expect(problems(undefined, githubRule({}, { approvals: TERMS }))).not.toEqual([]);
  });

  const hmac = (match: Plain, members: Plain) => githubRule(match, { methods: ['hmac'], ...members });
  const local = (match: Plain, members: Plain) => ({
    ...githubRule({ key_id: 'ci-1', ...match }, { methods: ['hmac'], ...members }),
    provider: 'local',
  });

  it.each([
    ['an HMAC', hmac],
    ['a local run', local],
  ])('exclude nobody for %s, in so many words', (_, rule) => {
    const expected = 'rules[0].approvals.exclude: an HMAC proves nobody who started the run';
    expect(termsProblems({ sources: ['ssh'] }, rule)).toEqual([expect.stringContaining(expected)]);
    expect(termsProblems({ sources: ['ssh'], exclude: ['starter'] }, rule)).toEqual([
      expect.stringContaining(expected),
    ]);
    expect(termsProblems({ sources: ['ssh'], exclude: [] }, rule)).toEqual([]);
  });

  it('exclude nobody for a rule that takes both methods', () => {
    const both = (match: Plain, members: Plain) => githubRule(match, { methods: ['oidc', 'hmac'], ...members });
    expect(termsProblems({}, both)).toHaveLength(1);
  });

  it('exclude authors only where the platform names them', () => {
    const exclude = ['starter', 'commit-authors'];
    expect(termsProblems({ exclude })).toEqual([]);
    expect(termsProblems({ exclude }, azureRule)).toEqual([expect.stringContaining('Azure names no authors')]);
    expect(termsProblems({ exclude }, gitlabRule)).toEqual([expect.stringContaining('add gitlab-deployment')]);
    expect(termsProblems({ exclude, sources: ['gitlab-deployment'] }, gitlabRule)).toEqual([]);
  });

  it('take no part in matching', () => {
    const document = documentOf(LISTS, githubRule({}, { approvals: TERMS }));
    const { approvals, ...rest } = parseTrustPolicy(document).rules[0] ?? {};
    expect(approvals).toBeDefined();
    expect(rest).toEqual(parseTrustPolicy(documentOf(LISTS, githubRule())).rules[0]);
  });
});
