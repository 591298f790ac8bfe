import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, createAuthority } from '../../../../test/fakes/authority.ts';
import { encode, objectIdentifier, sequence } from '../../../../test/fakes/der.ts';
import { type Fulcio, type FulcioOptions, startFulcio } from '../../../../test/fakes/fulcio.ts';
import { createTimestampAuthority, type TimestampAuthority } from '../../../../test/fakes/timestamp-authority.ts';
import {
  authorityExtensions,
  certificatePem,
  certify,
  DIGITAL_SIGNATURE,
  defaultPeriod,
  extension,
  OID,
} from '../../../../test/fakes/x509.ts';
import { openCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../src/domain/checkpoint/error.ts';
import type { ExpectedIdentity } from '../../src/domain/keyless/expected-identity.ts';
import { parseTrustedRoot } from '../../src/domain/keyless/trusted-root.ts';
import { timestampQuery } from '../../src/domain/timestamp/query.ts';
import { sealTrustFor } from '../../src/verify/seal-trust.ts';
import { type OpensslReader, opensslReader } from '../support/openssl.ts';
import { type SealPlan, seal } from '../support/seals.ts';
import { sealChain } from '../support/streams.ts';

/** Good and bad keyless seals, each judged by our reader and by openssl, which shares no code with ours. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GITHUB = 'https://token.actions.githubusercontent.com';
const SHA = '0123456789abcdef0123456789abcdef01234567';
const WORKFLOW = 'example-org/example-repo/.github/workflows/release.yml@refs/heads/main';
const IDENTITY = {
  provider: 'github-actions',
  repository: 'example-org/example-repo',
  workflow: 'Release',
  run_id: '7788990011',
  run_attempt: '1',
  ref: 'refs/heads/main',
  sha: SHA,
} as const;
const CLAIMS = {
  iss: GITHUB,
  sub: 'repo:example-org/example-repo:environment:production',
  repository: IDENTITY.repository,
  repository_id: '74112233',
  repository_owner: 'example-org',
  repository_owner_id: '9919',
  repository_visibility: 'public',
  ref: IDENTITY.ref,
  sha: SHA,
  event_name: 'push',
  workflow_ref: WORKFLOW,
  workflow_sha: SHA,
  job_workflow_ref: WORKFLOW,
  job_workflow_sha: SHA,
  run_id: IDENTITY.run_id,
  run_attempt: IDENTITY.run_attempt,
  runner_environment: 'github-hosted',
  environment: 'production',
};
const EXPECTED: ExpectedIdentity = { issuer: GITHUB, repository: IDENTITY.repository };
const GITLAB = 'https://gitlab.example.com';
const GITLAB_CLAIMS = {
  iss: GITLAB,
  sub: 'project_path:group/app:ref_type:branch:ref:main',
  project_path: 'group/app',
  project_id: '20',
  namespace_path: 'group',
  namespace_id: '72',
  project_visibility: 'public',
  pipeline_source: 'push',
  ref: 'main',
  ref_type: 'branch',
  sha: SHA,
  job_id: '45678',
  runner_environment: 'gitlab-hosted',
  ci_config_ref_uri: 'gitlab.example.com/group/app//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: SHA,
};
const GITLAB_IDENTITY = {
  provider: 'gitlab-ci',
  repository: 'group/app',
  run_id: '1212',
  run_attempt: '45678',
  ref: 'main',
  sha: SHA,
} as const;
const LINES = sealChain([{}, {}]);

let authority: Authority;
let fulcio: Fulcio;
let stranger: Fulcio;
let time: TimestampAuthority;
let otherTime: TimestampAuthority;
let openssl: OpensslReader;
const issuers: FulcioOptions['issuers'] = [
  { issuer: GITHUB, kind: 'github', url: 'https://github.com', jwks: () => ({ keys: [] }) },
  { issuer: `${GITHUB}/acme`, kind: 'github', url: 'https://github.com', jwks: () => ({ keys: [] }) },
  {
    issuer: 'https://token.actions.acme.ghe.com',
    kind: 'github',
    url: 'https://acme.ghe.com',
    jwks: () => ({ keys: [] }),
  },
  {
    issuer: 'https://ghes.example/_services/token',
    kind: 'github',
    url: 'https://ghes.example',
    jwks: () => ({ keys: [] }),
  },
  { issuer: GITLAB, kind: 'gitlab', url: GITLAB, jwks: () => ({ keys: [] }) },
];

beforeAll(async () => {
  authority = createAuthority();
  fulcio = await startFulcio({ authority, issuers });
  stranger = await startFulcio({ authority, issuers });
  time = createTimestampAuthority({ period: { notBefore: Date.now() - 9 * DAY, notAfter: Date.now() + 9 * DAY } });
  otherTime = createTimestampAuthority({ name: 'Another time' });
  openssl = opensslReader();
});
afterAll(async () => {
  await fulcio.close();
  await stranger.close();
  time.dispose();
  otherTime.dispose();
  openssl.dispose();
  authority.dispose();
});

interface Case extends Partial<SealPlan> {
  readonly by?: () => Fulcio;
  readonly expected?: ExpectedIdentity;
  /** The root's JSON. */
  readonly root?: () => string;
  /** In place of the authority's root certificate, for openssl. */
  readonly rootPem?: () => string;
  /** The time that the timestamp states. */
  readonly at?: number;
  readonly change?: (bundle: string) => string;
  /** What openssl is asked for beside what is expected. */
  readonly extensions?: Readonly<Record<number, string>>;
}

async function judge(plan: Case) {
  const { by = () => fulcio, expected = EXPECTED, root, at = Date.now() } = plan;
  const statement = plan.statement ?? { claims: { identity: IDENTITY } };
  const sealed = await seal(by(), time, { lines: LINES, claims: CLAIMS, ...plan, statement });
  const bundle = plan.change?.(sealed) ?? sealed;
  const rootText = root?.() ?? fulcio.trustedRoot(time);
  return {
    ours: await ours(bundle, rootText, expected),
    theirs: openssl.fault(bundle, {
      rootPem: plan.rootPem?.() ?? rootPemOf(rootText),
      timeRootPem: time.rootPem,
      timeMs: at,
      extensions: expectedExtensions(plan, expected),
      ...(expected.certificateIdentity === undefined ? {} : { identity: expected.certificateIdentity }),
    }),
  };
}

/** What whoever reads by openssl compares: the issuer and repository that are expected, and what the statement says. */
function expectedExtensions({ statement, extensions }: Case, expected: ExpectedIdentity) {
  const identity = statement?.claims?.identity ?? IDENTITY;
  const isGitlab = identity.provider === 'gitlab-ci';
  const web = isGitlab
    ? GITLAB
    : (issuers.find(({ issuer }) => issuer === expected.issuer)?.url ?? 'https://github.com');
  const at = `${web}/${expected.repository ?? identity.repository}`;
  const run = isGitlab
    ? `${at}/-/jobs/${identity.run_attempt}`
    : `${at}/actions/runs/${identity.run_id}/attempts/${identity.run_attempt}`;
  return {
    8: expected.issuer,
    12: at,
    13: identity.sha ?? '',
    14: isGitlab ? `refs/heads/${identity.ref}` : (identity.ref ?? ''),
    21: run,
    ...extensions,
  };
}

async function ours(bundle: string, rootText: string, expected: ExpectedIdentity): Promise<string> {
  const bytes = Buffer.from(bundle);
  const root = parseTrustedRoot(Buffer.from(rootText), 'the root of the test');
  const seals = await sealTrustFor([bytes], { root, identities: [expected] });
  try {
    const { certificate, timestamps } = openCheckpoint(bytes, [], seals);
    return certificate === undefined || timestamps[0]?.state !== 'proven' ? 'unchecked' : 'good';
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

function rootPemOf(rootText: string): string {
  const { certificateAuthorities } = JSON.parse(rootText);
  const certificates = certificateAuthorities.flatMap(
    (each: { certChain: { certificates: { rawBytes: string }[] } }) => each.certChain.certificates,
  );
  return certificates
    .map(({ rawBytes }: { rawBytes: string }) => certificatePem(Buffer.from(rawBytes, 'base64')))
    .join('');
}

const identity = (changes: object) => ({ claims: { identity: { ...IDENTITY, ...changes } } });
const BY_WORKFLOW: ExpectedIdentity = { issuer: GITHUB, certificateIdentity: `https://github.com/${WORKFLOW}` };
const claims = (changes: object) => ({ claims: { ...CLAIMS, ...changes } });
const at = (timeMs: number) => ({ stamp: (signature: Uint8Array) => [time.stamp(signature, { timeMs })], at: timeMs });

const GOOD: readonly (readonly [string, Case])[] = [
  ['by GitHub, expected by repository', {}],
  [
    'by GitHub, expected by workflow',
    { expected: { issuer: GITHUB, certificateIdentity: `https://github.com/${WORKFLOW}` } },
  ],
  ['by GitHub, expected by both', { expected: { ...EXPECTED, certificateIdentity: `https://github.com/${WORKFLOW}` } }],
  ['without an environment', claims({ environment: '' })],
  ['with another attempt', { ...claims({ run_attempt: '3' }), statement: identity({ run_attempt: '3' }) }],
  ['of a tag', { ...claims({ ref: 'refs/tags/v1' }), statement: identity({ ref: 'refs/tags/v1' }) }],
  ['of an enterprise', { ...claims({ iss: `${GITHUB}/acme` }), expected: { ...EXPECTED, issuer: `${GITHUB}/acme` } }],
  [
    'of data residency',
    {
      ...claims({ iss: 'https://token.actions.acme.ghe.com' }),
      expected: { ...EXPECTED, issuer: 'https://token.actions.acme.ghe.com' },
    },
  ],
  [
    'of an enterprise server',
    {
      ...claims({ iss: 'https://ghes.example/_services/token' }),
      expected: { ...EXPECTED, issuer: 'https://ghes.example/_services/token' },
    },
  ],
  [
    'by GitLab',
    {
      claims: GITLAB_CLAIMS,
      statement: { claims: { identity: GITLAB_IDENTITY } },
      expected: { issuer: GITLAB, repository: 'group/app' },
    },
  ],
  ['stamped in the last minutes of its certificate', at(Date.now() + 9 * 60_000)],
  [
    'by GitLab, expected by its pipeline definition',
    {
      claims: GITLAB_CLAIMS,
      statement: { claims: { identity: GITLAB_IDENTITY } },
      expected: { issuer: GITLAB, certificateIdentity: `https://${GITLAB_CLAIMS.ci_config_ref_uri}` },
    },
  ],
  ['stamped with an accuracy', { stamp: (signature) => [time.stamp(signature, { accuracy: 5 })] }],
  ['stamped by a stranger as well', { stamp: (signature) => [time.stamp(signature), otherTime.stamp(signature)] }],
  ['stamped by `openssl ts`', { stamp: (signature) => [time.reply(timestampQuery(signature))] }],
];

const BAD: readonly (readonly [string, Case, string])[] = [
  ['of another repository', { expected: { issuer: GITHUB, repository: 'example-org/other' } }, 'identity_unexpected'],
  [
    'of a repository whose name only begins so',
    { ...claims({ repository: 'example-org/example-repo-evil' }), statement: identity({}) },
    'identity_unexpected',
  ],
  [
    'of a repository of another case',
    { expected: { issuer: GITHUB, repository: 'Example-Org/example-repo' } },
    'identity_unexpected',
  ],
  ['of another issuer', { expected: { issuer: GITLAB, repository: IDENTITY.repository } }, 'identity_unexpected'],
  ['of an issuer whose name only begins so', { issue: { issuer: `${GITHUB}.evil.example` } }, 'identity_unexpected'],
  ['of an enterprise that nobody expects', claims({ iss: `${GITHUB}/acme` }), 'identity_unexpected'],
  [
    'of another workflow',
    {
      ...claims({ job_workflow_ref: WORKFLOW.replace('release.yml', 'test.yml') }),
      expected: { issuer: GITHUB, certificateIdentity: `https://github.com/${WORKFLOW}` },
    },
    'identity_unexpected',
  ],
  [
    'of the workflow on another branch',
    {
      ...claims({ job_workflow_ref: WORKFLOW.replace('heads/main', 'heads/evil') }),
      expected: { issuer: GITHUB, certificateIdentity: `https://github.com/${WORKFLOW}` },
    },
    'identity_unexpected',
  ],
  ['without a repository', { issue: { extensions: { 12: undefined } } }, 'identity_unexpected'],
  ['of another commit', { statement: identity({ sha: 'f'.repeat(40) }) }, 'certificate_mismatch'],
  ['without a commit', { issue: { extensions: { 13: undefined } } }, 'certificate_mismatch'],
  ['of another ref', { statement: identity({ ref: 'refs/heads/other' }) }, 'certificate_mismatch'],
  ['of another run', { statement: identity({ run_id: '1' }) }, 'certificate_mismatch'],
  ['of another attempt', { statement: identity({ run_attempt: '2' }) }, 'certificate_mismatch'],
  [
    'over a statement of another repository',
    {
      statement: identity({ repository: 'example-org/other' }),
      extensions: { 12: 'https://github.com/example-org/other' },
    },
    'certificate_mismatch',
  ],
  [
    'of another job of GitLab',
    {
      claims: GITLAB_CLAIMS,
      statement: { claims: { identity: { ...GITLAB_IDENTITY, run_attempt: '9' } } },
      expected: { issuer: GITLAB, repository: 'group/app' },
    },
    'certificate_mismatch',
  ],
  [
    'of another branch of GitLab',
    {
      claims: GITLAB_CLAIMS,
      statement: { claims: { identity: { ...GITLAB_IDENTITY, ref: 'dev' } } },
      expected: { issuer: GITLAB, repository: 'group/app' },
    },
    'certificate_mismatch',
  ],
  [
    'of a Fulcio that does not fill in the web address',
    {
      claims: { ...CLAIMS, iss: 'https://ghes.example/_services/token' },
      issue: { extensions: { 12: `https://github.com/${IDENTITY.repository}` } },
      expected: { ...EXPECTED, issuer: 'https://ghes.example/_services/token' },
    },
    'identity_unexpected',
  ],
  ['of a foreign authority', { by: () => stranger }, 'certificate_untrusted'],
  ['of a foreign root', { root: () => stranger.trustedRoot(time) }, 'certificate_untrusted'],
  ['without a timestamp', { stamp: () => [] }, 'timestamp_missing'],
  ['with a timestamp of another signature', { stamp: () => [time.stamp(Buffer.from('another'))] }, 'timestamp_invalid'],
  ['with a timestamp of a stranger', { stamp: (signature) => [otherTime.stamp(signature)] }, 'timestamp_missing'],
  ['stamped before its certificate', at(Date.now() - HOUR), 'certificate_untrusted: its certificate was valid from'],
  ['stamped after its certificate', at(Date.now() + HOUR), 'certificate_untrusted'],
  ['stamped a day late', at(Date.now() + 23 * HOUR), 'certificate_untrusted'],
  [
    'with a changed payload',
    {
      envelope: (envelope) => ({
        ...envelope,
        payload: Buffer.from(
          Buffer.from(envelope.payload).toString().replace('"decision":"allow"', '"decision":"block"'),
        ),
      }),
    },
    'certificate_untrusted: the signature',
  ],
  [
    'with a payload that is cut',
    { envelope: (envelope) => ({ ...envelope, payload: envelope.payload.subarray(0, -1) }) },
    'certificate_untrusted',
  ],
  ['with the certificate of another key', { certificate: () => Buffer.alloc(0), issue: {} }, 'unreadable'],
  [
    'signed by another key',
    { issue: { publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey } },
    'certificate_untrusted: the signature',
  ],
  ['with a certificate that is cut', { certificate: (certificate) => certificate.subarray(0, -1) }, 'unreadable'],
  [
    'with a certificate whose extension was changed',
    { change: (bundle) => withCertificate(bundle, (bytes) => flipped(bytes, 'example-repo')) },
    'certificate_untrusted',
  ],
  [
    'of a self-signed certificate',
    { certificate: (_, key) => selfMade(key) },
    'certificate_untrusted: .*certificate chain',
  ],
  [
    'of a certificate for servers',
    {
      certificate: (_, key) => made(key, { usage: OID.serverAuthentication }),
      rootPem: () => OWN.pem,
      root: () => OWN.root(),
    },
    'certificate_untrusted: .*not for signatures',
  ],
  [
    'of a certificate without a usage',
    { certificate: (_, key) => made(key, { usage: null }), rootPem: () => OWN.pem, root: () => OWN.root() },
    'certificate_untrusted: .*not for signatures',
  ],
  [
    'of an authority that had expired',
    { certificate: (_, key) => made(key, {}, EXPIRED), rootPem: () => EXPIRED.pem, root: () => EXPIRED.root() },
    'certificate_untrusted: .*certificate chain',
  ],
  [
    'of an authority that is none',
    {
      certificate: (_, key) => made(key, {}, NO_AUTHORITY),
      rootPem: () => NO_AUTHORITY.pem,
      root: () => NO_AUTHORITY.root(),
    },
    'certificate_untrusted: .*certificate chain',
  ],
  [
    'with timestamps that are no list',
    { change: (bundle) => bundle.replace(/"rfc3161Timestamps":\[(.*?)\]/u, '"rfc3161Timestamps":{"0":$1}') },
    'unreadable',
  ],
  [
    'with a changed signature',
    { envelope: (envelope) => ({ ...envelope, signature: flippedAt(envelope.signature, -1) }) },
    'timestamp_invalid',
  ],
  [
    'with the payload of another run',
    {
      envelope: (envelope) => ({
        ...envelope,
        payload: Buffer.from(Buffer.from(envelope.payload).toString().replaceAll('7788990011', '7788990012')),
      }),
    },
    'certificate_untrusted: the signature',
  ],
  ['without an issuer', { issue: { extensions: { 8: undefined } } }, 'certificate_untrusted: .*names no issuer'],
  ['without a run', { issue: { extensions: { 21: undefined } } }, 'certificate_mismatch'],
  ['without a ref', { issue: { extensions: { 14: undefined } } }, 'certificate_mismatch'],
  [
    'of a repository below the expected one',
    { ...claims({ repository: 'example-org/example-repo/x' }) },
    'identity_unexpected',
  ],
  ['of another owner', { ...claims({ repository: 'evil/example-repo' }) }, 'identity_unexpected'],
  [
    'of another group of GitLab',
    {
      claims: { ...GITLAB_CLAIMS, project_path: 'evil/app' },
      statement: { claims: { identity: GITLAB_IDENTITY } },
      expected: { issuer: GITLAB, repository: 'group/app' },
    },
    'identity_unexpected',
  ],
  [
    'of another pipeline definition',
    {
      claims: { ...GITLAB_CLAIMS, ci_config_ref_uri: 'gitlab.example.com/evil/ci//.gitlab-ci.yml@refs/heads/main' },
      statement: { claims: { identity: GITLAB_IDENTITY } },
      expected: { issuer: GITLAB, certificateIdentity: `https://${GITLAB_CLAIMS.ci_config_ref_uri}` },
    },
    'identity_unexpected',
  ],
  [
    'of a tag of GitLab that is named like the branch, expected by another name',
    {
      claims: { ...GITLAB_CLAIMS, ref: 'v1', ref_type: 'tag' },
      statement: { claims: { identity: GITLAB_IDENTITY } },
      expected: { issuer: GITLAB, repository: 'group/app' },
    },
    'certificate_mismatch',
  ],
  [
    'with a name that is no URI',
    {
      certificate: (_, key) => made(key, { name: encode(0x82, Buffer.from('github.com')) }),
      rootPem: () => OWN.pem,
      root: () => OWN.root(),
      expected: BY_WORKFLOW,
    },
    'certificate_untrusted: .*tagged',
  ],
  [
    'with two names',
    {
      certificate: (_, key) =>
        made(key, {
          name: Buffer.concat([
            encode(0x86, Buffer.from('https://evil.example/')),
            encode(0x86, Buffer.from(`https://github.com/${WORKFLOW}`)),
          ]),
        }),
      rootPem: () => OWN.pem,
      root: () => OWN.root(),
      expected: BY_WORKFLOW,
    },
    'certificate_untrusted: .*too many',
  ],
];

/** Refused here alone, for openssl does not know of it. */
const STRICTER: readonly (readonly [string, Case, string])[] = [
  [
    'with a certificate and something behind it',
    { change: (bundle) => withCertificate(bundle, (bytes) => Buffer.concat([bytes, Buffer.from([0])])) },
    'unreadable',
  ],
  [
    'without a promise of a log',
    { certificate: (_, key) => made(key, {}), rootPem: () => OWN.pem, root: () => OWN.root() },
    'certificate_untrusted: .*SCT',
  ],
  [
    'with a promise of a log that nobody trusts',
    { root: () => fulcio.trustedRoot(time, { withoutLogs: true }) },
    'certificate_untrusted: .*SCT',
  ],
  [
    'of an authority after its period',
    {
      root: () =>
        fulcio.trustedRoot(time, { validFor: { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' } }),
    },
    'certificate_untrusted',
  ],
  [
    'of an authority before its period',
    { root: () => fulcio.trustedRoot(time, { validFor: { start: '2100-01-01T00:00:00Z' } }) },
    'certificate_untrusted',
  ],
  [
    'with a key and a certificate',
    { change: (bundle) => bundle.replace('"certificate":', '"publicKey":{"hint":"x"},"certificate":') },
    'unreadable',
  ],
  [
    'with a chain of certificates',
    { change: (bundle) => bundle.replace('"tlogEntries":[]', '"tlogEntries":[],"x509CertificateChain":{}') },
    'unreadable',
  ],
  [
    'over a statement that names another key',
    { statement: { claims: { identity: IDENTITY, attestation_key_id: 'sha256:other' } } },
    'unreadable',
  ],
];

function withCertificate(bundle: string, change: (bytes: Buffer) => Buffer): string {
  const document = JSON.parse(bundle);
  const { certificate } = document.verificationMaterial;
  certificate.rawBytes = change(Buffer.from(certificate.rawBytes, 'base64')).toString('base64');
  return `${JSON.stringify(document)}\n`;
}

/** One bit of the first place where a text stands. */
function flipped(bytes: Buffer, text: string): Buffer {
  const copy = Buffer.from(bytes);
  const index = copy.indexOf(text);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

function flippedAt(bytes: Uint8Array, index: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = index < 0 ? copy.length + index : index;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

interface OwnAuthority {
  readonly key: KeyObject;
  readonly der: Buffer;
  readonly pem: string;
  root(): string;
}

/** An authority of ours, for certificates that no Fulcio would issue. */
function ownAuthority(
  changes: { readonly period?: ReturnType<typeof defaultPeriod>; readonly extensions?: readonly Buffer[] } = {},
): OwnAuthority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const period = changes.period ?? defaultPeriod();
  const extensions = changes.extensions ?? authorityExtensions(publicKey);
  const der = certify({ issuer: 'Own', subject: 'Own', publicKey, signer: privateKey, period, extensions });
  return {
    key: privateKey,
    der,
    pem: certificatePem(der),
    root: () => {
      const root = JSON.parse(fulcio.trustedRoot(time));
      root.certificateAuthorities[0].certChain.certificates = [{ rawBytes: der.toString('base64') }];
      return JSON.stringify(root);
    },
  };
}

const OWN = ownAuthority();
const EXPIRED = ownAuthority({ period: { notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY } });
const NO_AUTHORITY = ownAuthority({ extensions: [extension(OID.basicConstraints, sequence(), true)] });

interface Leaf {
  readonly usage?: string | null;
  /** GeneralNames in DER. */
  readonly name?: Buffer;
}

function made(publicKey: KeyObject, { usage = OID.codeSigning, name }: Leaf, by = OWN): Buffer {
  return certify({
    issuer: 'Own',
    subject: 'leaf',
    publicKey,
    signer: by.key,
    period: { notBefore: Date.now() - 60_000, notAfter: Date.now() + 540_000 },
    extensions: leafExtensions(usage, name),
  });
}

function selfMade(publicKey: KeyObject): Buffer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const period = defaultPeriod();
  return certify({
    issuer: 'Nobody',
    subject: 'Nobody',
    publicKey,
    signer: privateKey,
    period,
    extensions: leafExtensions(OID.codeSigning),
  });
}

function leafExtensions(
  usage: string | null,
  name = encode(0x86, Buffer.from(`https://github.com/${WORKFLOW}`)),
): readonly Buffer[] {
  const text = (arc: number, value: string) =>
    extension(`1.3.6.1.4.1.57264.1.${arc}`, encode(0x0c, Buffer.from(value)));
  const at = `https://github.com/${IDENTITY.repository}`;
  return [
    extension(OID.keyUsage, DIGITAL_SIGNATURE, true),
    ...(usage === null ? [] : [extension(OID.extendedKeyUsage, sequence(objectIdentifier(usage)))]),
    extension(OID.subjectAlternativeName, sequence(name), true),
    text(8, GITHUB),
    text(12, at),
    text(13, SHA),
    text(14, IDENTITY.ref),
    text(21, `${at}/actions/runs/${IDENTITY.run_id}/attempts/1`),
  ];
}

describe('a keyless seal', () => {
  it.each(GOOD)('%s is believed, and openssl agrees', async (_, plan) => {
    expect(await judge(plan)).toEqual({ ours: 'good', theirs: undefined });
  });

  it.each(BAD)('%s is refused, and openssl agrees', async (_, plan, code) => {
    const { ours: verdict, theirs } = await judge(plan);
    expect(verdict).toMatch(new RegExp(`^${code}`));
    expect(theirs).toBeDefined();
  });

  it.each(STRICTER)('%s is refused here, although openssl does not mind', async (_, plan, code) => {
    const { ours: verdict, theirs } = await judge(plan);
    expect(verdict).toMatch(new RegExp(`^${code}`));
    expect(theirs).toBeUndefined();
  });
});
