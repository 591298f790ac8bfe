import { describe, expect, it } from '@jest/globals';
import { openCheckpoint } from '../../src/domain/checkpoint/checkpoint.ts';
import { StreamFacts } from '../../src/domain/checkpoint/stream-facts.ts';
import { ConfigurationError, EvidenceError } from '../../src/domain/diagnosis.ts';
import { ConsistencyProver, verifyConsistency } from '../../src/domain/merkle/merkle-proof.ts';
import type { AuthenticatedRunner } from '../../src/domain/trust/trust-decision.ts';
import { buildReport } from '../../src/domain/verification/report.ts';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import { type AttestOptions, attest } from '../../src/seal/attest.ts';
import { attestationKey, sha256, trusted } from '../support/checkpoints.ts';
import { refusalOf } from '../support/refusal.ts';
import { IDENTITY, sealChain, stream, unsealed, VERIFICATION_KEY, WITH_KEY } from '../support/streams.ts';

const KEY = attestationKey('ci-attest-2026-q1');
const NOW = Date.UTC(2026, 2, 4, 5, 7);
const RUNNER: AuthenticatedRunner = {
  method: 'oidc',
  identity: IDENTITY,
  keyId: 'kid-1',
  verified: ['provider', 'repository', 'sha'],
  unverified: ['job'],
  notes: [],
};
const BLOCK = { response: { ...unsealed(1, '').response, decision: 'block' as const } };
const REFUSED = {
  response: { ...unsealed(1, '').response, decision: 'allow' as const, rule_id: 'runner_auth.invalid' },
};
const LINES = sealChain([{}, {}, {}, {}]);

interface Changes extends Partial<AttestOptions> {
  readonly lines?: readonly string[];
  /** Sizes of earlier states to watch for. */
  readonly watch?: number;
}

/** Verifies the lines as the gate does, and attests them. */
function attested({ lines = LINES, watch, previous, ...changes }: Changes = {}) {
  const facts = new StreamFacts();
  const prover = watch === undefined ? undefined : new ConsistencyProver(facts.tree, watch);
  const run = new StreamVerificationRun({ ...WITH_KEY, observers: [facts] });
  run.write(stream(lines));
  const report = buildReport(run.finish(), { path: 'stream', verifier: { name: 'test', version: '1' } });
  const earlier = previous === undefined || prover === undefined ? undefined : { ...previous, prover };
  return attest({
    key: KEY,
    judgement: { passes: true, runner: RUNNER },
    report,
    facts,
    files: { claims: sha256('c'), response: sha256('r') },
    identity: IDENTITY,
    policy: { sha256: sha256('policy'), rules: 'strict' },
    verifier: { name: 'test', version: '1', sha256: sha256('program') },
    subjects: [],
    previous: earlier,
    nowMs: NOW,
    ...changes,
  });
}

const statementOf = (changes?: Changes) => attested(changes).checkpoint.statement;

describe('PASSED', () => {
  it('is said of an authenticated, verified allow that the gate passes', () => {
    const { result, timeMs, claims } = statementOf();
    expect({ result, timeMs }).toEqual({ result: 'PASSED', timeMs: NOW });
    expect(claims).toMatchObject({
      record_count: 4,
      decision: 'allow',
      rule_id: 'release_governance.approval.approved',
      authentication: {
        method: 'oidc',
        key_id: 'kid-1',
        verified: ['provider', 'repository', 'sha'],
        unverified: ['job'],
      },
      evidence_key_ids: [VERIFICATION_KEY.id],
      attestation_key_id: KEY.id,
      identity: IDENTITY,
      policy: { sha256: sha256('policy'), rules: 'strict' },
      verifier: { sha256: sha256('program') },
    });
  });

  it.each<[string, Changes]>([
    ['the gate does not pass', { judgement: { passes: false, runner: RUNNER } }],
    ['nobody proved who they are', { judgement: { passes: true, runner: undefined } }],
    ['a record is a block', { lines: sealChain([{}, BLOCK, {}]) }],
    ['a record was not authenticated, whatever it says', { lines: sealChain([REFUSED, {}]) }],
  ])('is not said when %s', (_, changes) => {
    expect(statementOf(changes).result).toBe('FAILED');
  });

  it('is not said of signatures that nobody checked', () => {
    const facts = new StreamFacts();
    const run = new StreamVerificationRun({ signatures: { mode: 'integrity-only' }, observers: [facts] });
    run.write(stream(LINES));
    const report = buildReport(run.finish(), { path: 'stream', verifier: { name: 'test', version: '1' } });
    expect(report.valid).toBe(true);
    expect(statementOf({ report, facts }).result).toBe('FAILED');
  });
});

describe('subjects', () => {
  it('are the files, the proven commit, and the artifacts', () => {
    const artifact = { name: 'dist/app.tgz', sha256: sha256('app') };
    const { subjects } = statementOf({ subjects: [artifact] });
    expect(subjects).toEqual([
      { name: 'runner-auth-claims.json', sha256: sha256('c') },
      { name: 'release-governance-response.json', sha256: sha256('r') },
      { name: 'release-governance-evidence.jsonl', sha256: sha256(stream(LINES)) },
      { name: 'git:example-org/example-repo', gitCommit: IDENTITY.sha },
      artifact,
    ]);
  });

  it.each<[string, Changes]>([
    ['is not proven', { judgement: { passes: true, runner: { ...RUNNER, verified: ['repository'] } } }],
    [
      'is of somebody else',
      { judgement: { passes: true, runner: { ...RUNNER, identity: { ...IDENTITY, sha: 'f'.repeat(40) } } } },
    ],
    ['is no hash', { identity: { ...IDENTITY, sha: 'main' } }],
    ['nobody proved', { judgement: { passes: false, runner: undefined } }],
  ])('leave out a commit that %s', (_, changes) => {
    const names = statementOf(changes).subjects.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('git:'))).toEqual([]);
  });

  it('leave out files that are not there', () => {
    const { subjects, claims } = statementOf({ files: { claims: null, response: null } });
    expect(claims.files).toEqual({ claims: null, response: null, stream: sha256(stream(LINES)) });
    expect(subjects.map(({ name }) => name)).not.toContain('runner-auth-claims.json');
  });

  it('are no more than a checkpoint can hold', () => {
    const subjects = Array.from({ length: 900 }, (_, index) => ({
      name: `\u0001`.repeat(900) + index,
      sha256: sha256('x'),
    }));
    const refusal = refusalOf(() => attested({ subjects }));
    expect(refusal).toBeInstanceOf(ConfigurationError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E201' });
  });
});

describe('the checkpoint before', () => {
  const open = (text: string) => openCheckpoint(Buffer.from(text), [trusted(KEY)]);
  const unwatched = new ConsistencyProver(new StreamFacts().tree, 1);

  it.each([1, 2, 3, 4])(
    'of the same stream at %d records is proven to be grown from, with the two checkpoints alone',
    (size) => {
      const earlier = open(attested({ lines: LINES.slice(0, size) }).text);
      const later = open(attested({ watch: size, previous: { checkpoint: earlier, prover: unwatched } }).text);
      const { previous_checkpoint: previous, merkle_root: root, record_count: count } = later.statement.claims;
      expect(previous).toMatchObject({ statement_sha256: earlier.statementSha256, record_count: size });
      const proof = {
        firstSize: size,
        firstRoot: Buffer.from(earlier.statement.claims.merkle_root, 'hex'),
        secondSize: count,
        secondRoot: Buffer.from(root, 'hex'),
        path: (previous?.consistency ?? []).map((hash) => Buffer.from(hash, 'hex')),
      };
      expect(verifyConsistency(proof)).toBe(true);
      expect(verifyConsistency({ ...proof, firstRoot: Buffer.alloc(32) })).toBe(false);
    },
  );

  it('of another stream is only referred to', () => {
    const other = open(attested({ lines: sealChain([BLOCK]) }).text);
    const { claims } = statementOf({ watch: 1, previous: { checkpoint: other, prover: unwatched } });
    expect(claims.previous_checkpoint).toEqual({
      statement_sha256: other.statementSha256,
      stream_id: other.statement.claims.stream_id,
      record_count: 1,
      consistency: null,
    });
  });

  it.each<[string, readonly string[]]>([
    ['longer', [...LINES, ...sealChain([{}, {}, {}, {}, {}]).slice(4)]],
    ['other', sealChain([{}, {}, BLOCK])],
  ])('of the same stream with %s records stops everything', (_, lines) => {
    const earlier = open(attested({ lines }).text);
    const refusal = refusalOf(() =>
      attested({ watch: lines.length, previous: { checkpoint: earlier, prover: unwatched } }),
    );
    expect(refusal).toBeInstanceOf(EvidenceError);
    expect(refusal).toMatchObject({ code: 'CAVRA-E404' });
  });
});
