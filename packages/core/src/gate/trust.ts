import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { freeEvents, type PullRequestContext } from '../domain/pull-request/context.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import { quoted } from '../domain/trust/problems.ts';
import type { TrustPolicyEvaluator } from '../domain/trust/trust-decision.ts';
import type { TrustPolicy } from '../domain/trust/trust-policy.ts';
import type { RunAttestor } from '../seal/attestor.ts';
import { programIdentity } from '../verify/program-identity.ts';
import type { RunKeys } from './authentication/run-keys.ts';
import type { CreateGateOptions } from './run/gate-options.ts';
import type { OutcomeFacts } from './run/outcome-line.ts';

/** Who may pass in this run. */
export interface LoadedTrust {
  readonly evaluator: TrustPolicyEvaluator;
  /** Undefined: there is none. */
  readonly policy: TrustPolicy | undefined;
  /** Of the policy's file. */
  readonly sha256: string | undefined;
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
  /** Why nobody passes here, whatever they prove; undefined: somebody may. */
  readonly refusal: string | undefined;
}

/** What the outcome of a run says of what it trusted and expected. */
export function trustFacts(
  { rules, expectedDecision, expectedRuleId }: CreateGateOptions['settings'],
  policySha256: string | undefined,
): OutcomeFacts['trust'] {
  return {
    policy_sha256: policySha256 ?? null,
    rules,
    expected_decision: expectedDecision,
    expected_rule_id: expectedRuleId ?? null,
    settings_from: 'inputs',
  };
}

/**
 * Reads the trust policy.
 *
 * @param context the job's event, where it is not one of those that pass without a policy. Not every platform signs the event, so the
 *   environment's word for it counts as well
 */
export async function loadTrust(
  { settings, workspace }: CreateGateOptions,
  context: PullRequestContext | undefined,
): Promise<LoadedTrust> {
  if (settings.trustPolicy === undefined) return builtInTrust(context);
  const { readTrustPolicyFile } = await import('../policy/trust-policy-file.ts');
  const { policy, sha256 } = await readTrustPolicyFile(resolve(workspace, settings.trustPolicy), {
    sha256: settings.trustPolicySha256,
  });
  const { refuseApprovals } = await import('../policy/refuse-approvals.ts');
  refuseApprovals(policy, 'this gate');
  return { evaluator: createTrustPolicyEvaluator(policy), policy, sha256, notes: [], refusal: undefined };
}

function builtInTrust(context: PullRequestContext | undefined): LoadedTrust {
  const loaded = { policy: undefined, sha256: undefined, notes: [NO_POLICY] };
  const evaluator = createTrustPolicyEvaluator(undefined);
  if (context === undefined) return { ...loaded, evaluator, refusal: undefined };
  const { event, platform } = context;
  const refusal = `no trust policy was given, and without one only the events ${freeEvents(platform)} pass; this job runs for the event ${quoted(event)}`;
  return {
    ...loaded,
    // What the proof itself says of the event comes first: it is signed.
    evaluator: {
      evaluate(runner, request) {
        const decision = evaluator.evaluate(runner, request);
        return decision.trusted ? { trusted: false, reason: refusal } : decision;
      },
    },
    refusal,
  };
}

const NO_POLICY = 'no trust policy was given: only this repository may pass, and no pull request';

/**
 * Gets what signs the checkpoint, and loads its code only where there is a key for it.
 *
 * @throws ConfigurationError CAVRA-E201 something is asked of a checkpoint, but there is no key to sign one
 */
export async function loadAttestor(
  options: CreateGateOptions,
  { attestation: { signing, trust } }: RunKeys,
  policy: Pick<LoadedTrust, 'sha256'>,
): Promise<RunAttestor | undefined> {
  const { settings, workspace, now } = options;
  if (signing === undefined) {
    if (settings.subjectPaths.length > 0 || settings.previousCheckpoint !== undefined) {
      const message = 'subject-path and previous-checkpoint need a key that signs checkpoints: CAVRA_ATTESTATION_KEY';
      throw new ConfigurationError('CAVRA-E201', message);
    }
    return undefined;
  }
  const { createAttestor } = await import('../seal/attestor.ts');
  return createAttestor({
    key: signing,
    trust,
    settings,
    workspace,
    policySha256: policy.sha256,
    verifier: await programIdentity(options),
    nowMs: now(),
  });
}
