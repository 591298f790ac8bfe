import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CLAIMS_FILE,
  claimsFileText,
  OUTCOME_FILE,
  RESPONSE_FILE,
  responseFileText,
  STREAM_FILE,
} from '../../src/domain/evidence/files.ts';
import { outcomeLine, type UnsignedOutcome } from '../../src/domain/outcome/encode.ts';
import type { OutcomeRequest, OutcomeRunner } from '../../src/domain/outcome/outcome.ts';
import { OutcomeError, readOutcomes } from '../../src/domain/outcome/read.ts';
import type { EvidenceExpectations } from '../../src/domain/verification/expectations.ts';
import type { DecisionResponse, EvidenceRecord } from '../../src/domain/wire/messages.ts';
import { openEvidence } from '../../src/io/evidence/evidence-reader.ts';
import { type VerifyOptions, verifyEvidence } from '../../src/verify/verify.ts';
import { IDENTITY, KEY, sealChain, stream, VERIFICATION_KEY } from '../support/streams.ts';

const ALLOW: DecisionResponse = { decision: 'allow', rule_id: 'release_governance.approval.approved' };
const LINES = sealChain([0, 1, 2].map((id) => ({ recordId: String(id).padStart(24, '0'), response: ALLOW })));
const RECORDS = LINES.map((line): EvidenceRecord => JSON.parse(line));
const HEADS = RECORDS.map(({ record_hash: hash = '' }) => hash);

function request(index: number, changes: Partial<OutcomeRequest> = {}): OutcomeRequest {
  return {
    path: 'request.json',
    sha256: 'aa'.repeat(32),
    record_id: RECORDS[index]?.record_id ?? null,
    decision: 'allow',
    rule_id: ALLOW.rule_id ?? '',
    expected: 'allow',
    met: true,
    trust_rule: 'default',
    approvals: null,
    ...changes,
  };
}

const OIDC: OutcomeRunner = {
  provider: 'github-actions',
  method: 'oidc',
  issuer: 'https://token.actions.githubusercontent.com',
  key_id: 'kid',
  key_pinned: null,
  proven: {
    repository: IDENTITY.repository,
    ref: IDENTITY.ref,
    sha: IDENTITY.sha,
    run_id: IDENTITY.run_id,
    event_name: 'push',
    environment: 'production',
  },
  asserted: { job: 'gate' },
};

/** A run that asked for the records from `first` to `last`. */
function run(first: number, last: number, changes: Partial<UnsignedOutcome> = {}): UnsignedOutcome {
  return {
    schema_version: 'cavra.release-governance.outcome.v1',
    verdict: 'pass',
    exit_status: 0,
    diagnosis: null,
    started_at: '2026-03-04T05:06:07Z',
    finished_at: '2026-03-04T05:06:08Z',
    requests: Array.from({ length: last - first + 1 }, (_, index) => request(first + index)),
    stream: {
      id: HEADS[0] ?? '',
      first_sequence: 1,
      previous_hash: null,
      records: last + 1,
      head_hash: HEADS[last] ?? '',
    },
    runner: OIDC,
    trust: {
      policy_sha256: null,
      rules: 'strict',
      expected_decision: 'allow',
      expected_rule_id: null,
      settings_from: 'inputs',
    },
    network: { proxy: null, ca_certificates_sha256: null },
    verifier: { name: 'test', version: '1', sha256: null },
    ...changes,
  };
}

const FAILED = {
  verdict: 'fail',
  exit_status: 5,
  diagnosis: { code: 'CAVRA-E501', message: 'the disk is full' },
} as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cavra-outcome-'));
  writeFileSync(join(folder, STREAM_FILE), stream(LINES));
  writeFileSync(join(folder, CLAIMS_FILE), claimsFileText(IDENTITY));
  writeFileSync(join(folder, RESPONSE_FILE), responseFileText(RECORDS[0]?.response ?? ALLOW));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function verify(text: string, expectations?: EvidenceExpectations, options: Partial<VerifyOptions> = {}) {
  writeFileSync(join(folder, OUTCOME_FILE), text);
  const { report, failure } = await verifyEvidence(
    {
      path: folder,
      keys: [VERIFICATION_KEY],
      integrityOnly: false,
      ...(expectations === undefined ? {} : { expectations }),
      ...options,
    },
    { now: () => Date.UTC(2026, 2, 4, 5, 10), verifier: { name: 'test', version: '1' }, openEvidence },
  );
  const codes = report.findings.map(({ code }) => code);
  return { outcome: report.outcome, codes, failure: failure?.code, notes: report.notes, report };
}

const text = (...runs: readonly UnsignedOutcome[]) => runs.map((each) => outcomeLine(each, KEY)).join('');

describe('the outcome', () => {
  it('of one run, and of several, is that all have passed', async () => {
    expect(await verify(text(run(0, 2)))).toMatchObject({ outcome: 'pass', codes: [], failure: undefined });
    expect(await verify(text(run(0, 0), run(1, 2)))).toMatchObject({ outcome: 'pass', codes: [] });
  });

  it('of a run that failed is fail, and the evidence is valid all the same', async () => {
    const failed = run(1, 2, FAILED);
    expect(await verify(text(run(0, 0), failed))).toMatchObject({ outcome: 'fail', codes: [], failure: undefined });
  });

  it('keeps a request that was never answered', async () => {
    const lost = request(9, { record_id: null, decision: null, rule_id: null, met: false, trust_rule: null });
    const failed = run(0, 2, { ...FAILED, requests: [...run(0, 2).requests, lost] });
    expect(await verify(text(failed), { requests: 4, outcome: 'fail' })).toMatchObject({ codes: [] });
  });

  it('is unknown without the file and without a checkpoint', async () => {
    const { report } = await verifyEvidence(
      { path: folder, keys: [VERIFICATION_KEY], integrityOnly: false },
      { now: () => 0, verifier: { name: 'test', version: '1' }, openEvidence },
    );
    expect(report.outcome).toBe('unknown');
  });

  const claims = run(0, 2).requests;
  it.each<[string, string, string]>([
    ['a line that was cut off', text(run(0, 1)), 'outcome_mismatch'],
    ['a first line that was cut off', text(run(1, 2)), 'outcome_mismatch'],
    ['lines that were swapped', text(run(1, 2), run(0, 0)), 'outcome_mismatch'],
    ['a line that is repeated', text(run(0, 2), run(0, 2)), 'outcome_mismatch'],
    [
      'another decision',
      text(run(0, 2, { requests: [request(0, { decision: 'block' }), ...claims.slice(1)] })),
      'outcome_mismatch',
    ],
    [
      'another head',
      text(run(0, 2, { stream: { ...run(0, 2).stream, head_hash: 'ab'.repeat(32) } as never })),
      'outcome_mismatch',
    ],
    [
      'another stream',
      text(run(0, 2, { stream: { ...run(0, 2).stream, id: 'ab'.repeat(32) } as never })),
      'outcome_mismatch',
    ],
    ['pass with a status', text(run(0, 2, { exit_status: 1 })), 'outcome_mismatch'],
    [
      'pass with an unmet request',
      text(run(0, 2, { requests: [request(0, { met: false }), ...claims.slice(1)] })),
      'outcome_mismatch',
    ],
    ['no signature', outcomeLine(run(0, 2), undefined), 'outcome_signature_missing'],
    [
      'the signature of another key',
      outcomeLine(run(0, 2), { ...KEY, secret: Buffer.alloc(32, 'x') }),
      'outcome_signature_mismatch',
    ],
    [
      'a verdict that was turned round',
      text(run(0, 2, FAILED)).replace(
        '"verdict":"fail","exit_status":5,"diagnosis":{"code":"CAVRA-E501","message":"the disk is full"}',
        '"verdict":"pass","exit_status":0,"diagnosis":null',
      ),
      'outcome_signature_mismatch',
    ],
    ['no line end', text(run(0, 2)).trimEnd(), 'outcome_unreadable'],
    ['white space', text(run(0, 2)).replace(':', ': '), 'outcome_unreadable'],
    [
      'members in another order',
      text(run(0, 2)).replace('"verdict":"pass","exit_status":0', '"exit_status":0,"verdict":"pass"'),
      'outcome_unreadable',
    ],
    ['an unknown member', text(run(0, 2)).replace('"verdict"', '"more":1,"verdict"'), 'outcome_unreadable'],
    ['an empty file', '', 'outcome_unreadable'],
  ])('is invalid with %s', async (_, content, code) => {
    const { codes, failure } = await verify(content);
    expect(codes).toContain(code);
    expect(failure).toBe('CAVRA-E401');
  });

  it('is read back as it was written', () => {
    const hostile = run(0, 2, { ...FAILED, diagnosis: { code: 'CAVRA-E501', message: '<a> & \u2028 "\\ \u0001 é' } });
    expect(readOutcomes(Buffer.from(text(hostile)))).toMatchObject([hostile]);
    expect(() => readOutcomes(Buffer.from('{}\n'))).toThrow(OutcomeError);
  });
});

describe('expectations', () => {
  const met: EvidenceExpectations = {
    provider: 'github-actions',
    repository: IDENTITY.repository,
    ref: IDENTITY.ref,
    sha: IDENTITY.sha,
    run_id: IDENTITY.run_id,
    decision: 'allow',
    outcome: 'pass',
    requests: 3,
    rule_id: ALLOW.rule_id ?? '',
    target: 'prod <a> & "b"',
    environment: 'production',
    event: 'push',
    issuer: 'https://token.actions.githubusercontent.com',
    auth_method: 'oidc',
    rules: 'strict',
  };

  it('that all hold', async () => {
    expect(await verify(text(run(0, 2)), met)).toMatchObject({ codes: [], failure: undefined });
  });

  it.each<[keyof EvidenceExpectations, string | number]>([
    ['provider', 'gitlab-ci'],
    ['repository', 'example-org/other'],
    ['ref', 'refs/heads/other'],
    ['sha', 'ab'],
    ['run_id', '1'],
    ['decision', 'block'],
    ['outcome', 'fail'],
    ['requests', 2],
    ['rule_id', 'other'],
    ['metadata_kind', 'release'],
    ['target', 'staging'],
    ['release_version', '1.0.0'],
    ['environment', 'staging'],
    ['event', 'pull_request'],
    ['issuer', 'https://evil.example'],
    ['auth_method', 'hmac'],
    ['policy_sha256', 'ab'.repeat(32)],
    ['rules', 'compatible'],
  ])('%s that does not hold fails', async (name, value) => {
    const { codes, failure } = await verify(text(run(0, 2)), { ...met, [name]: value } as EvidenceExpectations);
    expect({ codes, failure }).toEqual({ codes: [`expectation_${name}`], failure: 'CAVRA-E402' });
  });

  it('an allow is expected of a gate that passed', async () => {
    const failed = text(run(0, 2, FAILED));
    expect((await verify(failed, { decision: 'allow' })).codes).toEqual(['expectation_outcome']);
    expect((await verify(failed, { decision: 'allow', outcome: 'any' })).codes).toEqual([]);
    expect((await verify(failed, { decision: 'allow', outcome: 'fail' })).codes).toEqual([]);
  });

  it('of identity are read from what is proven, and not from what the job says', async () => {
    const { repository: _, ...proven } = OIDC.proven;
    const unproven = run(0, 2, { runner: { ...OIDC, proven, asserted: { repository: IDENTITY.repository } } });
    expect((await verify(text(unproven), { repository: IDENTITY.repository })).codes).toEqual([
      'expectation_repository',
    ]);
    const none = run(0, 2, { ...FAILED, runner: { ...OIDC, method: 'none', proven: OIDC.proven } });
    expect((await verify(text(none), { ref: IDENTITY.ref })).codes).toEqual(['expectation_ref']);
  });

  it('on GitLab take ref and ref_path', async () => {
    const proven = { ref: 'main', ref_path: 'refs/heads/main', project_path: 'group/project', pipeline_source: 'web' };
    const gitlab = text(run(0, 2, { runner: { ...OIDC, provider: 'gitlab-ci', proven } }));
    for (const ref of ['main', 'refs/heads/main']) expect((await verify(gitlab, { ref })).codes).toEqual([]);
    expect((await verify(gitlab, { repository: 'group/project', event: 'web' })).codes).toEqual([]);
    expect((await verify(gitlab, { ref: 'heads/main' })).codes).toEqual(['expectation_ref']);
  });

  it('on Azure Pipelines read the repository from its signed address', async () => {
    const proven = {
      rpo_uri: 'https://dev.azure.com/org/project/_git/shop',
      rpo_ref: 'refs/heads/main',
      rpo_ver: 'ab',
    };
    const azure = text(run(0, 2, { runner: { ...OIDC, provider: 'azure-pipelines', proven } }));
    expect((await verify(azure, { repository: 'shop', ref: 'refs/heads/main', sha: 'ab' })).codes).toEqual([]);
    expect((await verify(azure, { repository: 'project' })).codes).toEqual(['expectation_repository']);
  });

  it('accept what the holder of a pinned HMAC key asserts, where that is asked for', async () => {
    const runner: OutcomeRunner = {
      provider: 'github-actions',
      method: 'hmac',
      issuer: null,
      key_id: 'runner-1',
      key_pinned: true,
      proven: {},
      asserted: { repository: IDENTITY.repository, ref: IDENTITY.ref },
    };
    const content = text(run(0, 2, { runner }));
    const expected = { repository: IDENTITY.repository } as const;
    const pinned = { pinnedRunnerKeys: ['runner-1'] };
    expect((await verify(content, expected, pinned)).codes).toEqual(['expectation_repository']);
    expect((await verify(content, { ...expected, auth_method: 'hmac' })).codes).toEqual(['expectation_repository']);
    const taken = await verify(content, { ...expected, auth_method: 'hmac' }, pinned);
    expect(taken).toMatchObject({ codes: [], notes: [expect.stringContaining('asserted by the holder of')] });
    const other = await verify(content, { repository: 'x/y', auth_method: 'hmac' }, pinned);
    expect(other.codes).toEqual(['expectation_repository']);
  });
});
