import { RELEASE_GOVERNANCE } from '../wire/layout.ts';
import type { EvaluateRequest, ReleaseGovernance } from '../wire/messages.ts';
import { trimSpace } from './text.ts';

/** The one action that this product decides on. */
export const RELEASE_GOVERNANCE_ACTION = 'release_governance_record';

const DEFAULT_SESSION = 'local';
const DEFAULT_AGENT = 'unknown-agent';
const DEFAULT_ACTOR = 'ai-agent';
export const DEFAULT_POLICY_PACK = 'cavra-ai-agent-baseline';
const DEFAULT_TARGET = 'release-governance-record';
const DEFAULT_OPERATION = 'verify';

type Defaulted = 'session_id' | 'agent_id' | 'actor' | 'action_type' | 'target' | 'requested_operation' | 'policy_pack';

/** A request in which every member that a response copies is there, though it may be empty. */
export type CompletedRequest = EvaluateRequest & Required<Pick<EvaluateRequest, Defaulted>>;

/** Fills in what the request leaves out. */
export function applyDefaults(request: EvaluateRequest): CompletedRequest {
  const recorded = hasFieldSet(request.release_governance);
  const action = request.action_type || (recorded ? RELEASE_GOVERNANCE_ACTION : '');
  const completed = {
    ...request,
    session_id: request.session_id || DEFAULT_SESSION,
    agent_id: request.agent_id || DEFAULT_AGENT,
    actor: request.actor || DEFAULT_ACTOR,
    action_type: action,
    target: request.target ?? '',
    requested_operation: request.requested_operation ?? '',
    policy_pack: request.policy_pack || DEFAULT_POLICY_PACK,
  };
  if (action !== RELEASE_GOVERNANCE_ACTION) return completed;
  return {
    ...completed,
    target: completed.target || trimSpace(request.release_governance?.metadata_kind ?? '') || DEFAULT_TARGET,
    // Without a record there is nothing to do but to verify, whatever was asked for.
    requested_operation: (recorded && completed.requested_operation) || DEFAULT_OPERATION,
  };
}

/** Whether a record is there and says anything: an empty string, 0, false and an empty list say nothing. */
export function hasFieldSet(record: ReleaseGovernance | undefined): boolean {
  if (record === undefined) return false;
  const members: Readonly<Record<string, unknown>> = { ...record };
  return RELEASE_GOVERNANCE.fields.some(({ name }) => isSet(members[name]));
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
