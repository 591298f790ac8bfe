import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { isExpected } from '../../../src/domain/keyless/expected-identity.ts';
import { parseExpectedIdentities } from '../../../src/domain/keyless/identities-file.ts';
import { claimDisagreements } from '../../../src/domain/keyless/identity-agreement.ts';
import { publicTrustedRoot } from '../../../src/domain/keyless/public-instance/public-root.ts';
import { PUBLIC_TRUSTED_ROOT_TEXT } from '../../../src/domain/keyless/public-instance/trusted-root-text.ts';
import { addressAt, parseTrustedRoot } from '../../../src/domain/keyless/trusted-root.ts';
import { webAddressOf } from '../../../src/domain/keyless/web-address.ts';
import { refusalOf } from '../../support/refusal.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';

describe('the embedded trusted root', () => {
  it('is the published one of the public instance', () => {
    const sha256 = createHash('sha256').update(PUBLIC_TRUSTED_ROOT_TEXT).digest('hex');
    expect(sha256).toBe('6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66');
  });

  it('names the authorities of today, and those of an earlier time within their period', () => {
    const root = publicTrustedRoot();
    const now = Date.UTC(2026, 10, 27);
    expect(addressAt(root.certificateAuthorities, now)).toBe('https://fulcio.sigstore.dev');
    expect(addressAt(root.timestampAuthorities, now)).toBe('https://timestamp.sigstore.dev/api/v1/timestamp');
    expect(addressAt(root.timestampAuthorities, Date.UTC(2024, 0, 1))).toBeUndefined();
    expect(root.certificateAuthorities).toHaveLength(2);
    expect(root.certificateLogs).toHaveLength(2);
  });
});

describe('a trusted root', () => {
  const GOOD = JSON.parse(PUBLIC_TRUSTED_ROOT_TEXT);
  const parse = (value: unknown) => parseTrustedRoot(Buffer.from(JSON.stringify(value)), 'root.json');
  const authority = (changes: object) => ({
    ...GOOD,
    certificateAuthorities: [{ ...GOOD.certificateAuthorities[0], ...changes }],
  });

  it('may leave out what it has not, and say more than is known', () => {
    const { mediaType } = GOOD;
    expect(parse({ mediaType })).toEqual({ certificateAuthorities: [], timestampAuthorities: [], certificateLogs: [] });
    expect(parse({ ...GOOD, later: {} }).certificateLogs).toHaveLength(2);
    expect(parse(authority({ validFor: undefined })).certificateAuthorities[0]?.period.startMs).toBe(0);
  });

  it.each<[string, unknown, RegExp]>([
    ['a list', [], /it must be an object/],
    ['another media type', { ...GOOD, mediaType: 'application/json' }, /\/mediaType must be one of/],
    [
      'authorities that are no list',
      { ...GOOD, certificateAuthorities: {} },
      /\/certificateAuthorities must be a list/,
    ],
    ['no chain', authority({ certChain: undefined }), /\/certificateAuthorities\/0\/certChain must be an object/],
    ['an empty chain', authority({ certChain: { certificates: [] } }), /certChain must be a chain/],
    ['no certificate', authority({ certChain: { certificates: [{ rawBytes: 'AA==' }] } }), /must be a certificate/],
    ['no base64', authority({ certChain: { certificates: [{ rawBytes: '%' }] } }), /must be base64/],
    ['a time that is none', authority({ validFor: { start: 'today' } }), /must be a time of RFC 3339/],
    ['an address that is none', authority({ uri: 7 }), /\/uri must be a string/],
    ['a log without a key', { ...GOOD, ctlogs: [{ logId: { keyId: 'AA==' } }] }, /publicKey must be an object/],
    [
      'a log with a key that is none',
      { ...GOOD, ctlogs: [{ logId: { keyId: 'AA==' }, publicKey: { rawBytes: 'AA==' } }] },
      /must be a public key/,
    ],
  ])('is refused with %s', (_, value, message) => {
    const refusal = refusalOf(() => parse(value));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E260', message: expect.stringMatching(message) });
  });
});

it.each([
  [GITHUB, 'https://github.com'],
  [`${GITHUB}/acme-inc`, 'https://github.com'],
  [`${GITHUB}/acme/evil`, `${GITHUB}/acme/evil`],
  [`${GITHUB}.evil.example`, `${GITHUB}.evil.example`],
  ['https://token.actions.acme.ghe.com', 'https://acme.ghe.com'],
  ['https://token.actions.evil.example/.ghe.com', 'https://token.actions.evil.example/.ghe.com'],
  ['https://github.example.com/_services/token', 'https://github.example.com'],
  ['https://evil.example/x/_services/token', 'https://evil.example/x/_services/token'],
  ['https://gitlab.com', 'https://gitlab.com'],
])('the web address of %s is %s', (issuer, web) => {
  expect(webAddressOf(issuer)).toBe(web);
});

describe('an expected identity', () => {
  const FOUND = {
    issuer: GITHUB,
    subject: 'https://github.com/a/b/.github/workflows/r.yml@refs/heads/main',
    repositoryUri: 'https://github.com/a/b',
  };

  it('is compared exactly', () => {
    expect(isExpected(FOUND, { issuer: GITHUB, repository: 'a/b' })).toBe(true);
    expect(isExpected(FOUND, { issuer: GITHUB, certificateIdentity: FOUND.subject })).toBe(true);
    expect(isExpected(FOUND, { issuer: GITHUB, repository: 'a/b', certificateIdentity: `${FOUND.subject}x` })).toBe(
      false,
    );
    expect(isExpected(FOUND, { issuer: GITHUB })).toBe(false);
    expect(isExpected(FOUND, { issuer: `${GITHUB}/`, repository: 'a/b' })).toBe(false);
    expect(
      isExpected({ ...FOUND, repositoryUri: 'https://evil.example/a/b' }, { issuer: GITHUB, repository: 'a/b' }),
    ).toBe(false);
  });

  it('stands in a list, one a line', () => {
    const text = `# who may release\n${GITHUB} a/b  # the shop\n\nhttps://gitlab.com https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main\r\n`;
    expect(parseExpectedIdentities(text, 'list')).toEqual([
      { issuer: GITHUB, repository: 'a/b' },
      { issuer: 'https://gitlab.com', certificateIdentity: 'https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main' },
    ]);
  });

  it.each([
    ['nothing', '# nobody\n', /no identity/],
    ['an issuer alone', `${GITHUB}\n`, /line 1:/],
    ['three words', `\n${GITHUB} a/b c\n`, /line 2:/],
    ['an issuer without https', 'http://gitlab.com a/b\n', /line 1:/],
    ['a control character', `${GITHUB} a\u0007/b\n`, /line 1:/],
  ])('is refused where the list has %s', (_, text, message) => {
    const refusal = refusalOf(() => parseExpectedIdentities(text, 'list'));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E266', message: expect.stringMatching(message) });
  });
});

describe('a certificate and claims that the gate proved', () => {
  const CERTIFICATE = {
    issuer: GITHUB,
    subject: 'https://github.com/a/b/.github/workflows/r.yml@refs/heads/main',
    buildSignerUri: 'https://github.com/a/b/.github/workflows/r.yml@refs/heads/main',
    repositoryUri: 'https://github.com/a/b',
    repositoryId: '7',
    environment: 'production',
    visibility: 'public',
  };
  const CLAIMS = {
    job_workflow_ref: 'a/b/.github/workflows/r.yml@refs/heads/main',
    repository: 'a/b',
    repository_id: '7',
    environment: 'production',
    repository_visibility: 'public',
  };
  const differing = (changes: object, issuer = GITHUB) =>
    claimDisagreements(CERTIFICATE, issuer, { ...CLAIMS, ...changes }).map(({ what }) => what);

  it('agree where they say the same', () => {
    expect(differing({})).toEqual([]);
    expect(claimDisagreements(CERTIFICATE, GITHUB, {})).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['repository', { repository: 'a/c' }, ['repository']],
    ['repository id', { repository_id: '8' }, ['repository_id']],
    [
      'workflow',
      { job_workflow_ref: 'a/b/.github/workflows/x.yml@refs/heads/main' },
      ['job_workflow_ref', 'job_workflow_ref'],
    ],
    ['environment', { environment: 'staging' }, ['environment']],
    ['visibility', { repository_visibility: 'private' }, ['repository_visibility']],
    ['commit, which the certificate does not say', { sha: 'f'.repeat(40) }, ['sha']],
  ])('disagree about the %s', (_, changes, expected) => {
    expect(differing(changes)).toEqual(expected);
  });

  it('disagree about the issuer', () => {
    expect(differing({}, `${GITHUB}/acme`)).toEqual(['issuer']);
  });
});
