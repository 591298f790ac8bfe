import type {
  DecisionResponse,
  EvaluateRequest,
  EvidenceRecord,
  RecordSignature,
  ReleaseGovernance,
  RunnerAuth,
  RunnerIdentity,
} from './messages.ts';

/**
 * The order, type and presence of every member on the wire, once. The encoder, the verifier's grammar, the request parser and the
 * published JSON Schema all follow these tables (wire-format.md sections 2 to 5).
 */

/** `when-set`: left out when empty (empty string, 0, false, empty list, absent object); `always`: written even when empty. */
export type Presence = 'always' | 'when-set';

export type FieldType = 'string' | 'int64' | 'boolean' | 'string-list' | StructLayout;

export interface FieldLayout {
  readonly name: string;
  readonly type: FieldType;
  readonly presence: Presence;
}

export interface StructLayout {
  readonly name: string;
  readonly fields: readonly FieldLayout[];
}

type Entry<T> = readonly [name: keyof T & string, type: FieldType, presence?: Presence];

function struct<T>(name: string, entries: readonly Entry<T>[]): StructLayout {
  return {
    name,
    fields: entries.map(([field, type, presence = 'when-set']) => ({ name: field, type, presence })),
  };
}

export const RUNNER_IDENTITY = struct<RunnerIdentity>('RunnerIdentity', [
  ['provider', 'string'],
  ['repository', 'string'],
  ['workflow', 'string'],
  ['run_id', 'string'],
  ['run_attempt', 'string'],
  ['ref', 'string'],
  ['sha', 'string'],
  ['actor', 'string'],
  ['job', 'string'],
  ['runner_name', 'string'],
]);

export const RUNNER_AUTH = struct<RunnerAuth>('RunnerAuth', [
  ['identity', RUNNER_IDENTITY, 'always'],
  ['algorithm', 'string'],
  ['key_id', 'string'],
  ['signature', 'string'],
]);

export const RELEASE_GOVERNANCE = struct<ReleaseGovernance>('ReleaseGovernance', [
  ['metadata_kind', 'string'],
  ['release_channel', 'string'],
  ['release_version', 'string'],
  ['approval_state', 'string'],
  ['approval_id', 'string'],
  ['approval_required_count', 'int64'],
  ['delivery_success', 'boolean'],
  ['failed_providers', 'string-list'],
  ['failed_delivery_count', 'int64'],
  ['connector_delivery_failure_count', 'int64'],
  ['alert_level', 'string'],
  ['drift_status', 'string'],
  ['handoff_status', 'string'],
  ['blocked_count', 'int64'],
  ['critical_count', 'int64'],
  ['breached_count', 'int64'],
  ['drifted_endpoint_count', 'int64'],
  ['missing_target_count', 'int64'],
  ['evidence_refs', 'string-list'],
  ['connector_delivery_source', 'string'],
  ['verification_status', 'string'],
  ['integrity_status', 'string'],
  ['failed_verification_count', 'int64'],
  ['integrity_failure_count', 'int64'],
  ['audit_export_status', 'string'],
  ['rollback_reference_count', 'int64'],
]);

export const EVALUATE_REQUEST = struct<EvaluateRequest>('EvaluateRequest', [
  ['session_id', 'string'],
  ['agent_id', 'string'],
  ['actor', 'string'],
  ['action_type', 'string'],
  ['target', 'string'],
  ['requested_operation', 'string'],
  ['policy_pack', 'string'],
  ['release_governance', RELEASE_GOVERNANCE],
  ['runner_auth', RUNNER_AUTH],
]);

export const DECISION_RESPONSE = struct<DecisionResponse>('DecisionResponse', [
  ['decision_id', 'string'],
  ['session_id', 'string'],
  ['agent_id', 'string'],
  ['actor', 'string'],
  ['action_type', 'string'],
  ['target', 'string'],
  ['requested_operation', 'string'],
  ['policy_pack', 'string'],
  ['policy_id', 'string'],
  ['rule_id', 'string'],
  ['decision', 'string'],
  ['severity', 'string'],
  ['reason', 'string'],
  ['evidence_refs', 'string-list'],
  ['approver_group', 'string'],
  ['timestamp', 'string'],
  ['correlation_id', 'string'],
]);

export const RECORD_SIGNATURE = struct<RecordSignature>('RecordSignature', [
  ['algorithm', 'string', 'always'],
  ['key_id', 'string'],
  ['value', 'string', 'always'],
]);

export const EVIDENCE_RECORD = struct<EvidenceRecord>('EvidenceRecord', [
  ['schema_version', 'string', 'always'],
  ['product', 'string', 'always'],
  ['event_type', 'string', 'always'],
  ['record_id', 'string', 'always'],
  ['sequence', 'int64', 'always'],
  ['previous_hash', 'string'],
  ['record_hash', 'string'],
  ['timestamp', 'string', 'always'],
  ['request', EVALUATE_REQUEST, 'always'],
  ['response', DECISION_RESPONSE, 'always'],
  ['signature', RECORD_SIGNATURE],
]);

export const EVIDENCE_SCHEMA_VERSION = 'cavra.go-daemon.evidence.v1';
export const EVIDENCE_PRODUCT = 'CAVRA';
export const EVIDENCE_EVENT_TYPE = 'cavra.go_daemon.decision';
