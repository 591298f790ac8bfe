import { describe, expect, it } from '@jest/globals';
import { CheckpointError } from '../../../src/domain/checkpoint/error.ts';
import { CHECKPOINT_MEMBER, resourceUri, statementBytes } from '../../../src/domain/checkpoint/statement.ts';
import { readStatement } from '../../../src/domain/checkpoint/statement-reader.ts';
import { sha256, statementOf } from '../../support/checkpoints.ts';
import { refusalOf } from '../../support/refusal.ts';
import { IDENTITY, sealChain } from '../../support/streams.ts';

const STATEMENT = statementOf(sealChain([{}, {}]), 'ci-attest-2026-q4', {
  claims: {
    previous_checkpoint: {
      statement_sha256: sha256('p'),
      stream_id: sha256('s'),
      record_count: 3,
      consistency: [sha256('c')],
    },
  },
});
const TEXT = statementBytes(STATEMENT).toString();
const read = (text: string) => readStatement(Buffer.from(text));

it('is an in-toto statement with a SLSA verification summary', () => {
  const { claims, subjects } = STATEMENT;
  expect(JSON.parse(TEXT)).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'runner-auth-claims.json', digest: { sha256: claims.files.claims } },
      { name: 'release-governance-response.json', digest: { sha256: claims.files.response } },
      { name: 'release-governance-evidence.jsonl', digest: { sha256: claims.files.stream } },
      { name: 'git:example-org/example-repo', digest: { gitCommit: IDENTITY.sha } },
    ],
    predicateType: 'https://slsa.dev/verification_summary/v1',
    predicate: {
      verifier: { id: 'urn:cavra:release-governance:gate', version: { test: '1.2.3' } },
      timeVerified: '2026-03-04T05:07:00Z',
      resourceUri: 'urn:cavra:repository:github-actions:example-org/example-repo',
      policy: { uri: 'urn:cavra:release-governance:policy:built-in' },
      verificationResult: 'PASSED',
      verifiedLevels: ['CAVRA_GATE_PASSED'],
      'urn:cavra:release-governance:checkpoint:v1': claims,
    },
  });
  expect(subjects).toHaveLength(4);
});

it('names a trust policy by its digest, and what did not pass', () => {
  const policy = { sha256: sha256('policy'), rules: 'compatible' };
  const failed = statementOf(sealChain([{}]), 'k', { result: 'FAILED', claims: { policy } });
  expect(JSON.parse(statementBytes(failed).toString()).predicate).toMatchObject({
    policy: { uri: 'urn:cavra:release-governance:policy:trust-policy', digest: { sha256: policy.sha256 } },
    verificationResult: 'FAILED',
    verifiedLevels: ['FAILED'],
  });
});

it.each([
  [{ provider: 'gitlab-ci', repository: 'group/sub group/x' }, 'urn:cavra:repository:gitlab-ci:group/sub%20group/x'],
  [{ provider: 'a:b', repository: '\ud800?#' }, 'urn:cavra:repository:a%3Ab:%EF%BF%BD%3F%23'],
  [{}, 'urn:cavra:repository::'],
])('names the resource of %j', (identity, uri) => {
  expect(resourceUri(identity)).toBe(uri);
});

describe('reading it again', () => {
  it('gives the same statement', () => {
    expect(read(TEXT)).toEqual(STATEMENT);
  });

  it('leaves alone what a later version may add', () => {
    const later = JSON.parse(TEXT);
    later.predicate.dependencyLevels = {};
    later.predicate[CHECKPOINT_MEMBER].new_member = 1;
    later.subject[0].annotations = { a: 'b' };
    expect(read(JSON.stringify(later))).toEqual(STATEMENT);
  });

  it('takes a run without files beside its stream, and without proof', () => {
    const claims = { files: { claims: null, response: null, stream: sha256('x') }, authentication: null };
    const bare = statementOf(sealChain([{}]), 'k', { result: 'FAILED', claims });
    expect(readStatement(statementBytes(bare))).toEqual(bare);
  });
});

type Change = readonly [path: string, value: unknown];

/** The statement with one member, by its path, set to another value; undefined takes it away. */
function changed([path, value]: Change): string {
  const document = JSON.parse(TEXT);
  const names = path.split('/').map((name) => (name === '@' ? CHECKPOINT_MEMBER : name));
  const last = names.pop() ?? '';
  const parent = names.reduce((at, name) => at[name], document);
  parent[last] = value;
  return JSON.stringify(document);
}

const HASH = sha256('another');

describe.each<[string, unknown]>([
  ['_type', 'https://in-toto.io/Statement/v0.1'],
  ['_type', undefined],
  ['predicateType', 'https://slsa.dev/verification_summary/v0.2'],
  ['subject', {}],
  ['subject', []],
  ['subject', 'runner-auth-claims.json'],
  ['subject/0/name', ''],
  ['subject/0/name', 'n'.repeat(2_000)],
  ['subject/0/name', 'release-governance-response.json'],
  ['subject/0/digest', null],
  ['subject/0/digest', {}],
  ['subject/0/digest/sha256', HASH],
  ['subject/2/digest/sha256', HASH.toUpperCase()],
  ['subject/2/digest', { gitCommit: IDENTITY.sha }],
  ['subject/2/name', 'other.jsonl'],
  ['subject/3/digest/gitCommit', 'main'],
  ['predicate', []],
  ['predicate/verifier/id', 'urn:cavra:release-governance:other'],
  ['predicate/timeVerified', 'yesterday'],
  ['predicate/timeVerified', 1_772_600_820],
  ['predicate/verificationResult', 'passed'],
  ['predicate/verificationResult', true],
  ['predicate/@', undefined],
  ['predicate/@/schema_version', 'cavra.release-governance.checkpoint.v2'],
  ['predicate/@/stream_id', 'abc'],
  ['predicate/@/record_count', 0],
  ['predicate/@/record_count', -1],
  ['predicate/@/record_count', 2.5],
  ['predicate/@/record_count', '2'],
  ['predicate/@/record_count', 2 ** 60],
  ['predicate/@/head_hash', null],
  ['predicate/@/merkle_root', `${HASH}0`],
  ['predicate/@/evidence_key_ids', 'a'],
  ['predicate/@/evidence_key_ids', [1]],
  ['predicate/@/evidence_key_ids', Array.from({ length: 1_001 }, String)],
  ['predicate/@/attestation_key_id', undefined],
  ['predicate/@/files', null],
  ['predicate/@/files/claims', null],
  ['predicate/@/files/stream', HASH],
  ['predicate/@/files/stream', null],
  ['predicate/@/decision', 'Allow'],
  ['predicate/@/decision', 'block'],
  ['predicate/@/authentication', null],
  ['predicate/@/authentication', undefined],
  ['predicate/@/authentication/verified', [null]],
  ['predicate/@/identity', []],
  ['predicate/@/identity/repository', 7],
  ['predicate/@/verifier/sha256', 'x'],
  ['predicate/@/policy', null],
  ['predicate/@/previous_checkpoint', undefined],
  ['predicate/@/previous_checkpoint/statement_sha256', ''],
  ['predicate/@/previous_checkpoint/consistency', ['x']],
  ['predicate/@/previous_checkpoint/consistency', Array.from({ length: 55 }, () => HASH)],
])('%s = %j', (path, value) => {
  it('is no statement of a checkpoint', () => {
    const refusal = refusalOf(() => read(changed([path, value])));
    expect(refusal).toBeInstanceOf(CheckpointError);
    expect(refusal).toMatchObject({ code: 'unreadable' });
  });
});

it.each([['[]'], ['null'], ['7'], [''], ['{}'], ['{"_type":1,"_type":1}'], ['{"__proto__":{"_type":"x"}}']])(
  'refuses %s',
  (text) => {
    expect(refusalOf(() => read(text))).toBeInstanceOf(CheckpointError);
  },
);
