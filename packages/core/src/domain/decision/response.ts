import type { DecisionResponse, EvaluateRequest } from '../wire/messages.ts';
import { applyDefaults } from './defaults.ts';
import type { Verdict } from './rules.ts';

/** Rule of a response to a runner that could not prove who it is (docs/decision-rules.md#refusals). */
export const RUNNER_AUTH_INVALID = 'runner_auth.invalid';
/** Rule of a response to a runner that is who it says, but that the trust policy does not let pass. */
export const RUNNER_NOT_TRUSTED = 'runner_trust.denied';

/** What a response has of its own. */
export interface ResponseStamp {
  /** `dec_` and 12 hex digits. */
  readonly decisionId: string;
  /** `corr_` and 12 hex digits. */
  readonly correlationId: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
}

/**
 * The response to a request that was decided on. The recorder adds its own reference to `evidence_refs`.
 *
 * @param request as it was sent; members that it leaves out get their defaults
 */
export function buildResponse(request: EvaluateRequest, verdict: Verdict, stamp: ResponseStamp): DecisionResponse {
  const asked = applyDefaults(request);
  return {
    ...withoutEmpty({
      decision_id: stamp.decisionId,
      session_id: asked.session_id,
      agent_id: asked.agent_id,
      actor: asked.actor,
      action_type: asked.action_type,
      target: asked.target,
      requested_operation: asked.requested_operation,
      policy_pack: asked.policy_pack,
      policy_id: asked.policy_pack,
      rule_id: verdict.rule_id,
    }),
    decision: verdict.decision,
    severity: verdict.severity,
    reason: verdict.reason,
    evidence_refs: [`evidence://${asked.session_id}/${stamp.decisionId}`],
    ...withoutEmpty({
      approver_group: verdict.approver_group,
      timestamp: stamp.timestamp,
      correlation_id: stamp.correlationId,
    }),
  };
}

/**
 * The response to a runner that was refused before any rule was asked (docs/decision-rules.md#refusals): a critical block with the request's
 * own members, no defaults, no decision id and no time.
 *
 * @param ruleId RUNNER_AUTH_INVALID or RUNNER_NOT_TRUSTED
 */
export function refusalResponse(request: EvaluateRequest, ruleId: string, reason: string): DecisionResponse {
  return {
    ...withoutEmpty({
      session_id: request.session_id,
      agent_id: request.agent_id,
      actor: request.actor,
      action_type: request.action_type,
      target: request.target,
      requested_operation: request.requested_operation,
      policy_pack: request.policy_pack,
      rule_id: ruleId,
    }),
    decision: 'block',
    severity: 'critical',
    reason,
  };
}

type Texts = Readonly<Record<string, string | undefined>>;

function withoutEmpty<T extends Texts>(members: T): { readonly [K in keyof T]?: string } {
  const present = Object.entries(members).filter(([, text]) => text !== undefined && text !== '');
  return Object.fromEntries(present) as { [K in keyof T]?: string };
}
