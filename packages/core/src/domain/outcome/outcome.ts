import type { Decision } from '../wire/messages.ts';

export const OUTCOME_SCHEMA_VERSION = 'cavra.release-governance.outcome.v1';

/** How `requests` names a request that was given inline. */
export const INLINE_REQUEST = 'request-json';

/**
 * What one run of the gate established: one line of `release-governance-outcome.jsonl` (docs/evidence-format.md#the-outcome). Names and
 * order of the members are the JSON's, and none is left out. Hashes are lower-case hex, times RFC 3339 in UTC.
 */
export interface Outcome {
  readonly schema_version: typeof OUTCOME_SCHEMA_VERSION;
  /** `pass` exactly where `exit_status` is 0. */
  readonly verdict: 'pass' | 'fail';
  /** 0 to 6. */
  readonly exit_status: number;
  /** The first cause of a failure. */
  readonly diagnosis: { readonly code: string; readonly message: string } | null;
  readonly started_at: string;
  readonly finished_at: string;
  /** Every request that was asked for, answered or not. */
  readonly requests: readonly OutcomeRequest[];
  readonly stream: OutcomeStream | null;
  readonly runner: OutcomeRunner;
  readonly trust: OutcomeTrust;
  readonly network: { readonly proxy: string | null; readonly ca_certificates_sha256: string | null };
  readonly verifier: { readonly name: string; readonly version: string; readonly sha256: string | null };
  /** By the evidence key; null: there is none. */
  readonly signature: OutcomeSignature | null;
}

export interface OutcomeRequest {
  /** From the workspace, or INLINE_REQUEST. */
  readonly path: string;
  /** Of the exact bytes. */
  readonly sha256: string | null;
  /** The next three are null where no record was made; `met` is false there. */
  readonly record_id: string | null;
  readonly decision: Decision | null;
  readonly rule_id: string | null;
  readonly expected: Decision;
  readonly met: boolean;
  /** Which rule of the trust policy let the runner pass. */
  readonly trust_rule: string | null;
  readonly approvals: OutcomeApprovals | null;
}

/** Approvals that counted for a request, summed up. */
export type OutcomeApprovals = Readonly<Record<string, string | number | boolean | null>>;

/** The stream at the end of the run. */
export interface OutcomeStream {
  /** `record_hash` of record 1. */
  readonly id: string;
  /** 1 and null, unless the folder holds an excerpt of a log that others write too. */
  readonly first_sequence: number;
  readonly previous_hash: string | null;
  readonly records: number;
  readonly head_hash: string;
}

/** Who asked. */
export interface OutcomeRunner {
  readonly provider: string;
  /** `none`: the runner was not authenticated. */
  readonly method: 'oidc' | 'hmac' | 'none';
  /** Of the token; null without one. */
  readonly issuer: string | null;
  readonly key_id: string | null;
  /** Whether the keyring pins the bytes of the HMAC key; null under OIDC. */
  readonly key_pinned: boolean | null;
  /** Claims of the verified token, under the platform's names; under HMAC what the keyring binds to the key. */
  readonly proven: Readonly<Record<string, string>>;
  /** What only the job says. */
  readonly asserted: Readonly<Record<string, string>>;
}

/** What was trusted and expected. */
export interface OutcomeTrust {
  /** Of the trust policy's file; null: there is none. */
  readonly policy_sha256: string | null;
  readonly rules: 'strict' | 'compatible';
  readonly expected_decision: Decision;
  readonly expected_rule_id: string | null;
  /** `environment` where any of these settings came from there. */
  readonly settings_from: 'inputs' | 'arguments' | 'environment';
}

export interface OutcomeSignature {
  readonly algorithm: 'HMAC-SHA256';
  readonly key_id: string;
  /** Lower-case hex. */
  readonly value: string;
}
