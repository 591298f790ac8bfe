/**
 * The objects that travel and are recorded, as plain data (wire-format.md sections 2 to 5).
 * Member names are the wire's own. Integers are `bigint`: the wire has int64, exact beyond 2^53.
 * Which member is written when is not said here but in `layout.ts`.
 */

export type Decision = 'allow' | 'require_approval' | 'block';
export type Severity = 'low' | 'medium' | 'high' | 'critical';
export type Provider = 'github-actions' | 'gitlab-ci' | 'azure-pipelines' | 'local';

/** Which CI job is asking (section 2). An absent field is the empty string. */
export interface RunnerIdentity {
  readonly provider?: string;
  readonly repository?: string;
  readonly workflow?: string;
  readonly run_id?: string;
  readonly run_attempt?: string;
  readonly ref?: string;
  readonly sha?: string;
  readonly actor?: string;
  readonly job?: string;
  readonly runner_name?: string;
}

export type RunnerAuthAlgorithm = 'HMAC-SHA256' | 'HMAC-SHA256-REQUEST' | 'OIDC-JWT';

/** Proof of the runner's identity (section 3). `algorithm` is any string here: it comes from outside. */
export interface RunnerAuth {
  readonly identity: RunnerIdentity;
  readonly algorithm?: string;
  readonly key_id?: string;
  readonly signature?: string;
}

/** The release-governance record of a request (section 4). */
export interface ReleaseGovernance {
  readonly metadata_kind?: string;
  readonly release_channel?: string;
  readonly release_version?: string;
  readonly approval_state?: string;
  readonly approval_id?: string;
  readonly approval_required_count?: bigint;
  readonly delivery_success?: boolean;
  readonly failed_providers?: readonly string[];
  readonly failed_delivery_count?: bigint;
  readonly connector_delivery_failure_count?: bigint;
  readonly alert_level?: string;
  readonly drift_status?: string;
  readonly handoff_status?: string;
  readonly blocked_count?: bigint;
  readonly critical_count?: bigint;
  readonly breached_count?: bigint;
  readonly drifted_endpoint_count?: bigint;
  readonly missing_target_count?: bigint;
  readonly evidence_refs?: readonly string[];
  readonly connector_delivery_source?: string;
  readonly verification_status?: string;
  readonly integrity_status?: string;
  readonly failed_verification_count?: bigint;
  readonly integrity_failure_count?: bigint;
  readonly audit_export_status?: string;
  readonly rollback_reference_count?: bigint;
}

/** What is asked (section 4). */
export interface EvaluateRequest {
  readonly session_id?: string;
  readonly agent_id?: string;
  readonly actor?: string;
  readonly action_type?: string;
  readonly target?: string;
  readonly requested_operation?: string;
  readonly policy_pack?: string;
  readonly release_governance?: ReleaseGovernance;
  readonly runner_auth?: RunnerAuth;
}

/** What is answered (section 4). */
export interface DecisionResponse {
  readonly decision_id?: string;
  readonly session_id?: string;
  readonly agent_id?: string;
  readonly actor?: string;
  readonly action_type?: string;
  readonly target?: string;
  readonly requested_operation?: string;
  readonly policy_pack?: string;
  readonly policy_id?: string;
  readonly rule_id?: string;
  readonly decision: Decision;
  readonly severity?: string;
  readonly reason?: string;
  readonly evidence_refs?: readonly string[];
  readonly approver_group?: string;
  readonly timestamp?: string;
  readonly correlation_id?: string;
}

/** Signature over one record (section 5). `value` is 64 hex digits. */
export interface RecordSignature {
  readonly algorithm: string;
  readonly key_id?: string;
  readonly value: string;
}

/** One line of the evidence stream (section 5). Hashes are 64 lower-case hex digits. */
export interface EvidenceRecord {
  readonly schema_version: string;
  readonly product: string;
  readonly event_type: string;
  readonly record_id: string;
  readonly sequence: bigint;
  readonly previous_hash?: string;
  readonly record_hash?: string;
  /** RFC 3339 UTC, up to nine fraction digits, trailing zeros cut. */
  readonly timestamp: string;
  readonly request: EvaluateRequest;
  readonly response: DecisionResponse;
  readonly signature?: RecordSignature;
}
