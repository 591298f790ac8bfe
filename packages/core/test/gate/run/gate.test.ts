import { describe, expect, it } from '@jest/globals';
import type { GovernanceRuntime } from '../../../src/daemon/runtime.ts';
import {
  AuthenticationError,
  ConfigurationError,
  EvidenceError,
  RuntimeFailure,
  SecretFoundError,
} from '../../../src/domain/diagnosis.ts';
import type { VerificationReport } from '../../../src/domain/verification/report.ts';
import { gateResult } from '../../../src/gate/result/gate-result.ts';
import {
  type AttestedEvidence,
  type EvidenceFolderPort,
  type GateOutcome,
  type GateParts,
  runGate,
} from '../../../src/gate/run/gate.ts';
import type { GuardResult } from '../../../src/gate/run/guard.ts';
import type { Judgement } from '../../../src/seal/attest.ts';
import { readGateSettings } from '../../../src/settings/gate-settings.ts';

const IDENTITY = { provider: 'local', repository: 'local' };
const ALLOW = { decision: 'allow', rule_id: 'r', severity: 'low', reason: 'because' } as const;
const REPORT: VerificationReport = {
  path: 'stream',
  valid: true,
  records: 1,
  signed_records: 1,
  errors: [],
  schema_version: 'cavra.release-governance.verification.v1',
  findings: [],
  head_hash: 'ab'.repeat(32),
  first_timestamp: '2026-01-01T00:00:00Z',
  last_timestamp: '2026-01-01T00:00:00Z',
  keys: [],
  signatures: 'checked',
  checkpoint: 'absent',
  tail: 'unanchored',
  sha256: 'cd'.repeat(32),
  verifier: { name: 'test', version: '0' },
  stream_id: 'ab'.repeat(32),
  findings_omitted: 0,
};

interface Faults {
  readonly runtime?: Partial<GovernanceRuntime>;
  readonly folder?: Partial<EvidenceFolderPort>;
  readonly parts?: Partial<GateParts>;
}

/** A run in which all goes well but for what a test changes; `steps` tells which parts were asked, in order. */
async function run(faults: Faults = {}) {
  const steps: string[] = [];
  const noted = <T>(step: string, value: T): T => {
    steps.push(step);
    return value;
  };
  const runtime: GovernanceRuntime = {
    name: 'embedded',
    evaluate: async (_, refusal) =>
      noted(
        'evaluate',
        refusal === undefined ? { response: ALLOW } : { response: { ...ALLOW, decision: 'block' }, refusal },
      ),
    close: async () => noted('close', undefined),
    ...faults.runtime,
  };
  const folder: EvidenceFolderPort = {
    path: 'evidence',
    notes: [],
    openRuntime: async () => runtime,
    writeClaims: async () => noted('claims', undefined),
    writeResponses: async () => noted('responses', undefined),
    verify: async () => noted('verify', REPORT),
    attest: async ({ passes }) => noted(`attest ${passes}`, undefined),
    writeReport: async ({ failure }) => noted(`report ${failure?.code ?? 'pass'}`, undefined),
    guard: async () => noted('guard', { files: [], withheld: [], ignored: [] }),
    settle: async () => noted('settle', undefined),
    ...faults.folder,
  };
  const parts: GateParts = {
    settings: readGateSettings(() => undefined),
    now: () => 0,
    withinDeadline: (work) => work(),
    loadRequests: async () => [{ path: 'request.json', bytes: new Uint8Array(), request: { target: 'prod' } }],
    identify: () => IDENTITY,
    openFolder: async () => folder,
    openProver: async () => ({ method: 'hmac', prove: async (identity) => ({ identity, algorithm: 'HMAC-SHA256' }) }),
    notes: () => [],
    ...faults.parts,
  };
  const result = gateResult(await runGate(parts));
  return { steps, result, verdict: result.verdict, exit: result.exit_code, code: result.diagnosis?.code };
}

const failing = (error: Error) => () => Promise.reject(error);

describe('the gate fails closed at each step', () => {
  it('passes when every step does, in the order of the design', async () => {
    const { steps, verdict, exit } = await run();
    expect({ verdict, exit }).toEqual({ verdict: 'pass', exit: 0 });
    expect(steps).toEqual([
      'claims',
      'evaluate',
      'close',
      'responses',
      'verify',
      'attest true',
      'report pass',
      'guard',
      'settle',
    ]);
  });

  it.each<[string, Faults, number, string]>([
    ['requests', { parts: { loadRequests: failing(new ConfigurationError('CAVRA-E204', 'bad')) } }, 2, 'CAVRA-E204'],
    ['folder', { parts: { openFolder: failing(new ConfigurationError('CAVRA-E208', 'no')) } }, 2, 'CAVRA-E208'],
    ['runtime', { folder: { openRuntime: failing(new RuntimeFailure('CAVRA-E502', 'busy')) } }, 5, 'CAVRA-E502'],
    ['claims', { folder: { writeClaims: failing(new RuntimeFailure('CAVRA-E501', 'full')) } }, 5, 'CAVRA-E501'],
    ['evaluation', { runtime: { evaluate: failing(new RuntimeFailure('CAVRA-E501', 'full')) } }, 5, 'CAVRA-E501'],
    ['secret', { runtime: { evaluate: failing(new SecretFoundError('CAVRA-E601', 'key')) } }, 6, 'CAVRA-E601'],
    ['responses', { folder: { writeResponses: failing(new RuntimeFailure('CAVRA-E501', 'full')) } }, 5, 'CAVRA-E501'],
    ['verification', { folder: { verify: failing(new EvidenceError('CAVRA-E403', 'gone')) } }, 4, 'CAVRA-E403'],
    ['guard', { folder: { guard: failing(new RuntimeFailure('CAVRA-E501', 'no')) } }, 5, 'CAVRA-E501'],
    ['settle', { folder: { settle: failing(new RuntimeFailure('CAVRA-E501', 'no')) } }, 5, 'CAVRA-E501'],
    ['surprise', { runtime: { evaluate: failing(new TypeError('x is not a function')) } }, 5, 'CAVRA-E599'],
  ])('when the %s fails', async (_, faults, exit, code) => {
    expect(await run(faults)).toMatchObject({ verdict: 'fail', exit, code });
  });

  it('records a runner that cannot prove who it is, and never takes that for the expected block', async () => {
    const refusal = new AuthenticationError('CAVRA-E310', 'may not ask');
    const settings = readGateSettings(({ name }) => {
      if (name === 'expected-decision') return { text: 'block', label: 'test' };
      return name === 'allow-blocking-decision' ? { text: 'true', label: 'test' } : undefined;
    });
    const openProver = async () => ({ method: 'oidc' as const, prove: failing(refusal) });
    const { steps, exit, code } = await run({ parts: { openProver, settings } });
    expect({ exit, code }).toEqual({ exit: 3, code: 'CAVRA-E310' });
    expect(steps).toContain('evaluate');
  });

  it('on invalid evidence whatever the decision was', async () => {
    const verify = async () => ({ ...REPORT, valid: false, errors: ['record 1: changed'] });
    expect(await run({ folder: { verify } })).toMatchObject({ exit: 4, code: 'CAVRA-E401' });
  });

  it('on fewer records than decisions', async () => {
    const verify = async () => ({ ...REPORT, records: 0 });
    expect(await run({ folder: { verify } })).toMatchObject({ exit: 4, code: 'CAVRA-E401' });
  });

  it('on a withheld file, before anything else', async () => {
    const withheld = [{ name: 'x', hits: [], movedTo: '/elsewhere/x' }];
    const guard = async () => ({ files: [], withheld, ignored: [] });
    const verify = async () => ({ ...REPORT, valid: false, errors: [] });
    expect(await run({ folder: { guard, verify } })).toMatchObject({ exit: 6, code: 'CAVRA-E602' });
  });

  it('when nothing was asked', async () => {
    expect(await run({ parts: { loadRequests: async () => [] } })).toMatchObject({ exit: 5, code: 'CAVRA-E599' });
  });

  it('still verifies and guards after the deadline, with the writing ended', async () => {
    const withinDeadline = async <T>(work: () => Promise<T>): Promise<T> => {
      await work();
      throw new RuntimeFailure('CAVRA-E504', 'late');
    };
    const { steps, exit, code } = await run({ parts: { withinDeadline } });
    expect({ exit, code }).toEqual({ exit: 5, code: 'CAVRA-E504' });
    expect(steps.slice(-7)).toEqual([
      'close',
      'responses',
      'verify',
      'attest false',
      'report CAVRA-E504',
      'guard',
      'settle',
    ]);
  });

  it('leaves a folder alone that another process writes, and verifies one of this run that was changed', async () => {
    const busy = await run({ folder: { openRuntime: failing(new RuntimeFailure('CAVRA-E502', 'busy')) } });
    expect(busy.steps).toEqual([]);
    const changed = await run({ folder: { openRuntime: failing(new EvidenceError('CAVRA-E404', 'changed')) } });
    expect(changed).toMatchObject({
      exit: 4,
      code: 'CAVRA-E404',
      steps: ['responses', 'verify', 'attest false', 'report CAVRA-E404', 'guard', 'settle'],
    });
  });

  describe('the report for people', () => {
    const told =
      (verdicts: string[]) =>
      async ({ failure }: GateOutcome) => {
        verdicts.push(failure?.code ?? 'pass');
      };

    it('is written again when the search finds what nobody knew', async () => {
      const verdicts: string[] = [];
      const withheld = [{ name: 'release-governance-response.json', hits: [], movedTo: 'x' }];
      const guard = async () => ({ files: [], withheld, ignored: [] });
      const { code } = await run({ folder: { writeReport: told(verdicts), guard } });
      expect({ code, verdicts }).toEqual({ code: 'CAVRA-E602', verdicts: ['pass', 'CAVRA-E602'] });
    });

    it('never says pass where the gate does not', async () => {
      const verdicts: string[] = [];
      const writeReport = told(verdicts);
      await run({ folder: { writeReport, verify: async () => ({ ...REPORT, valid: false }) } });
      await run({ folder: { writeReport, verify: failing(new RuntimeFailure('CAVRA-E501', 'unreadable')) } });
      await run({ folder: { writeReport }, parts: { loadRequests: async () => [] } });
      expect(verdicts).toEqual(['CAVRA-E401', 'CAVRA-E501', 'CAVRA-E599']);
    });

    it('fails the gate when it cannot be written', async () => {
      const writeReport = failing(new RuntimeFailure('CAVRA-E501', 'full'));
      expect(await run({ folder: { writeReport } })).toMatchObject({ verdict: 'fail', code: 'CAVRA-E501' });
    });
  });

  describe('with a checkpoint', () => {
    const digests = new Map([['release-governance-evidence.jsonl', 'aa'.repeat(32)]]);
    const attested = (passes: boolean): AttestedEvidence => ({
      file: 'release-governance-checkpoint.sigstore.json',
      keyId: 'ci-attest-2026-q4',
      result: passes ? 'PASSED' : 'FAILED',
      digests,
      report: { ...REPORT, checkpoint: 'valid', tail: 'sealed' },
    });
    const attest = (calls: boolean[]) => async (judgement: Judgement) => {
      calls.push(judgement.passes);
      return attested(judgement.passes);
    };
    const found = (changes: Partial<GuardResult>) => async () => ({ files: [], withheld: [], ignored: [], ...changes });

    it('says PASSED once, and reports the seal', async () => {
      const calls: boolean[] = [];
      const { result } = await run({ folder: { attest: attest(calls) } });
      expect(calls).toEqual([true]);
      expect(result).toMatchObject({
        verdict: 'pass',
        checkpoint: { key_id: 'ci-attest-2026-q4', result: 'PASSED' },
        evidence: { tail: 'sealed' },
      });
    });

    it.each<[string, () => Promise<GuardResult>, string]>([
      [
        'a secret',
        found({ withheld: [{ name: 'release-governance-response.json', hits: [], movedTo: 'x' }] }),
        'CAVRA-E602',
      ],
      ['a search that fails', failing(new RuntimeFailure('CAVRA-E501', 'no')), 'CAVRA-E501'],
      [
        'a file that was changed since',
        found({ files: [{ name: 'release-governance-evidence.jsonl', path: '', size: 1, sha256: 'bb'.repeat(32) }] }),
        'CAVRA-E404',
      ],
    ])('takes PASSED back for %s', async (_, guard, code) => {
      const calls: boolean[] = [];
      const { result } = await run({ folder: { attest: attest(calls), guard } });
      expect(calls).toEqual([true, false]);
      expect(result).toMatchObject({ verdict: 'fail', diagnosis: { code }, checkpoint: { result: 'FAILED' } });
    });

    it('names no checkpoint that was withheld', async () => {
      const withheld = [{ name: 'release-governance-checkpoint.sigstore.json', hits: [], movedTo: 'x' }];
      const { result } = await run({ folder: { attest: attest([]), guard: found({ withheld }) } });
      expect(result).toMatchObject({ verdict: 'fail', checkpoint: null });
    });

    it('fails when it cannot be signed', async () => {
      const attestation = failing(new RuntimeFailure('CAVRA-E501', 'full'));
      expect(await run({ folder: { attest: attestation } })).toMatchObject({ verdict: 'fail', code: 'CAVRA-E501' });
    });

    it('asks for FAILED when the decision is not the expected one', async () => {
      const calls: boolean[] = [];
      const evaluate = async () => ({ response: { ...ALLOW, decision: 'block' as const } });
      await run({ folder: { attest: attest(calls) }, runtime: { evaluate } });
      expect(calls).toEqual([false]);
    });
  });
});
