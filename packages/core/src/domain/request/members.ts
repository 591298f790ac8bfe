import { RELEASE_GOVERNANCE_ACTION } from '../decision/defaults.ts';
import { KNOWN_KINDS } from '../decision/kinds.ts';
import { BAD_WORDS, GOOD_WORDS, STRICT_DRIFT_WORD } from '../decision/signals.ts';
import { EVALUATE_REQUEST, type FieldType, RELEASE_GOVERNANCE } from '../wire/layout.ts';
import type { EvaluateRequest, ReleaseGovernance } from '../wire/messages.ts';

/** What each member of a request means, for the JSON Schema and the help of `request new`. */
export interface RequestMember {
  /** The wire's own name. */
  readonly name: string;
  /** Of the record: a member of `release_governance`; else of the request itself. */
  readonly of: 'request' | 'record';
  readonly type: Exclude<FieldType, object>;
  readonly description: string;
  /** Words that the rules know; others are allowed, and the rules decide what they mean. */
  readonly words?: readonly string[];
}

const REQUEST_DESCRIPTIONS: Record<keyof Omit<EvaluateRequest, 'release_governance' | 'runner_auth'>, string> = {
  session_id: 'Session that the decision belongs to; "local" when left out.',
  agent_id: 'Program that asks; "unknown-agent" when left out.',
  actor: 'Who the program acts for; "ai-agent" when left out.',
  action_type: 'What is asked about. Anything but release_governance_record needs a review.',
  target: 'What the release goes to, for example an environment; the kind of the record when left out.',
  requested_operation: 'What is to be done with the target, for example promote; "verify" when left out.',
  policy_pack: 'Policy pack that the decision is filed under; "cavra-ai-agent-baseline" when left out.',
};

const RECORD_DESCRIPTIONS: Record<keyof ReleaseGovernance, string> = {
  metadata_kind:
    'What kind of record this is. Letter case counts; under the strict rules an unknown kind needs an approval.',
  release_channel: 'Channel of the release, for example stable.',
  release_version: 'Version of the release.',
  approval_state: 'State of the approval; "-" and letter case do not matter. Approved needs an approval_id.',
  approval_id: 'Where the approval is recorded.',
  approval_required_count: 'Approvals that are needed; more than 0 asks for an approval whatever the kind is.',
  delivery_success: 'Whether the delivery succeeded. A delivery kind without true is a failed delivery.',
  failed_providers: 'Providers that failed.',
  failed_delivery_count: 'Failed deliveries; more than 0 is a critical signal.',
  connector_delivery_failure_count: 'Failed deliveries of connectors; more than 0 is a critical signal.',
  alert_level: 'Level of the alert.',
  drift_status: 'Whether endpoints have drifted from what they should be.',
  handoff_status: 'Status of the handoff.',
  blocked_count: 'Blocked items; more than 0 is a critical signal.',
  critical_count: 'Critical items; more than 0 is a critical signal.',
  breached_count: 'Breached items; more than 0 is a critical signal.',
  drifted_endpoint_count: 'Drifted endpoints, for information.',
  missing_target_count: 'Missing targets, for information.',
  evidence_refs: 'References to other evidence.',
  connector_delivery_source: 'Where the delivery data is from.',
  verification_status:
    'Result of the verification. A bad word blocks under the strict rules, an unknown one needs an approval.',
  integrity_status:
    'Result of the integrity check. A bad word blocks under the strict rules, an unknown one needs an approval.',
  failed_verification_count: 'Failed verifications; more than 0 blocks under the strict rules.',
  integrity_failure_count: 'Integrity failures; more than 0 blocks under the strict rules.',
  audit_export_status: 'Status of the audit export. Under the strict rules an unknown word needs an approval.',
  rollback_reference_count: 'References to rollbacks, for information.',
};

/** States of an approval that the rules know. */
export const APPROVAL_STATES: readonly string[] = [
  'approved',
  'pending',
  'denied',
  'rejected',
  'expired',
  'cancelled',
  'canceled',
];

const WORDS: Partial<Record<keyof EvaluateRequest | keyof ReleaseGovernance, readonly string[]>> = {
  action_type: [RELEASE_GOVERNANCE_ACTION],
  metadata_kind: [...KNOWN_KINDS],
  approval_state: APPROVAL_STATES,
  alert_level: BAD_WORDS.alert_level,
  drift_status: [...BAD_WORDS.drift_status, STRICT_DRIFT_WORD],
  handoff_status: BAD_WORDS.handoff_status,
  verification_status: [...BAD_WORDS.verification_status, ...GOOD_WORDS],
  integrity_status: [...BAD_WORDS.integrity_status, ...GOOD_WORDS],
  audit_export_status: [...BAD_WORDS.audit_export_status, ...GOOD_WORDS],
};

/** Every member that a request file may have, in the order of the wire; the record's after the request's own. */
export const REQUEST_MEMBERS: readonly RequestMember[] = [
  ...describe('request', EVALUATE_REQUEST.fields, REQUEST_DESCRIPTIONS),
  ...describe('record', RELEASE_GOVERNANCE.fields, RECORD_DESCRIPTIONS),
];

function describe(
  of: RequestMember['of'],
  fields: typeof EVALUATE_REQUEST.fields,
  descriptions: Readonly<Record<string, string>>,
): RequestMember[] {
  const allWords: Readonly<Record<string, readonly string[]>> = WORDS;
  return fields.flatMap(({ name, type }) => {
    const description = descriptions[name];
    if (typeof type === 'object' || description === undefined) return [];
    const words = allWords[name];
    return [{ name, of, type, description, ...(words === undefined ? {} : { words }) }];
  });
}
