import { StreamStoryteller } from '../../src/domain/story/stream-story.ts';
import { buildReport, type ReportContext } from '../../src/domain/verification/report.ts';
import { StreamVerificationRun } from '../../src/domain/verification/stream-verification.ts';
import type { StreamVerifierOptions } from '../../src/domain/verification/verifier.ts';
import type { ReportInput } from '../../src/report/model/model.ts';
import type { GateResult } from '../../src/report/model/run-result.ts';
import { sealChain, stream, WITH_KEY } from './streams.ts';

/** Inputs for reports for people, from streams that are really verified. */

export const GENERATOR = { name: 'cavra-release-governance', version: '1.2.3' };
export const NOW = Date.UTC(2026, 2, 4, 6, 0, 0);

export function inputOf(
  bytes: Uint8Array,
  changes: Partial<
    ReportInput & { readonly context: Partial<ReportContext>; readonly options: Partial<StreamVerifierOptions> }
  > = {},
): ReportInput {
  const { context, options, ...rest } = changes;
  const storyteller = new StreamStoryteller();
  const run = new StreamVerificationRun({
    ...WITH_KEY,
    ...options,
    observers: [storyteller, ...(options?.observers ?? [])],
  });
  run.write(bytes);
  const path = 'evidence/release-governance-evidence.jsonl';
  return {
    verification: buildReport(run.finish(), { path, verifier: GENERATOR, ...context }),
    story: storyteller.story(),
    now: NOW,
    generator: GENERATOR,
    ...rest,
  };
}

export const VALID_STREAM: Buffer = stream(sealChain([{}, {}, {}]));

export const PASSED: GateResult = {
  verdict: 'pass',
  exit_code: 0,
  diagnosis: null,
  decisions: [
    {
      request: 'requests/promote.json',
      decision: 'allow',
      rule_id: 'release_governance.approval.approved',
      severity: 'low',
      reason: 'The release record is approved.',
      decision_id: 'dec_000000000001',
      expected: 'allow',
      met: true,
    },
  ],
  authentication: {
    method: 'oidc',
    provider: 'github-actions',
    repository: 'example-org/example-repo',
    key_id: 'kid-1',
    verified: ['repository', 'ref', 'sha', 'run_id'],
    unverified: ['runner_name'],
  },
  evidence: null,
  checkpoint: null,
  timings_ms: {},
  trust: { rule: 'release-from-main' },
  identity: {
    provider: 'github-actions',
    repository: 'example-org/example-repo',
    run_id: '9000000001',
    ref: 'refs/heads/main',
    sha: '0123456789abcdef0123456789abcdef01234567',
    runner_name: 'runner-7',
  },
  notes: ['no trust policy was given'],
};

export const BLOCKED: GateResult = {
  ...PASSED,
  verdict: 'fail',
  exit_code: 1,
  diagnosis: {
    code: 'CAVRA-E101',
    message: 'requests/promote.json: the decision is block, expected was allow',
    action: 'read the reason with `verify`, and run the gate again',
  },
  decisions: PASSED.decisions.map((decision) => ({ ...decision, decision: 'block', met: false })),
};
