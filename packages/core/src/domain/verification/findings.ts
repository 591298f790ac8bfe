import { MAX_REPORT_FINDINGS } from '../limits.ts';

/** What a verification can find: the closed list of codes, each with its severity and meaning. The verification report uses these names. */
export const FINDINGS = {
  empty_stream: { severity: 'error', meaning: 'the stream holds no record' },
  blank_line: { severity: 'error', meaning: 'a line without a record' },
  line_too_long: { severity: 'error', meaning: 'a line longer than a record may be; it was not read' },
  torn_line: { severity: 'error', meaning: 'the last line ends in the middle of a record' },
  non_canonical: { severity: 'error', meaning: 'the bytes are not those that a recorder writes' },
  value_not_allowed: { severity: 'error', meaning: 'a member has a value that it cannot have in a record' },
  sequence_mismatch: { severity: 'error', meaning: 'a record does not follow the one before by number' },
  previous_hash_mismatch: { severity: 'error', meaning: 'a record does not link to the one before' },
  record_hash_missing: { severity: 'error', meaning: 'a record without its hash' },
  record_hash_mismatch: { severity: 'error', meaning: 'the bytes of a record are not those that were hashed' },
  signature_missing: { severity: 'error', meaning: 'a record without a signature where signatures are checked' },
  signature_algorithm_unknown: { severity: 'error', meaning: 'a signature of another algorithm than HMAC-SHA256' },
  signature_mismatch: { severity: 'error', meaning: 'the signature was not made with the key over this record' },
  key_unknown: { severity: 'error', meaning: 'no key of the signature’s key id was given' },
  key_id_changed: { severity: 'error', meaning: 'the key id changes, but the key was given without an id' },
  key_not_yet_valid: { severity: 'error', meaning: 'the record is older than its key' },
  key_expired: { severity: 'error', meaning: 'the record is younger than its key may sign' },
  key_revoked: { severity: 'error', meaning: 'the key is revoked, so the times that its records give prove nothing' },
  time_backwards: { severity: 'warning', meaning: 'a record is older than the one before' },
  final_line_end_missing: { severity: 'warning', meaning: 'the last record has no line end' },

  claims_missing: { severity: 'warning', meaning: 'the folder has no runner-auth-claims.json' },
  claims_unreadable: { severity: 'error', meaning: 'runner-auth-claims.json is not a runner identity' },
  claims_mismatch: { severity: 'error', meaning: 'runner-auth-claims.json and the stream name different runners' },
  response_missing: { severity: 'warning', meaning: 'the folder has no release-governance-response.json' },
  response_unreadable: { severity: 'error', meaning: 'release-governance-response.json is not a decision response' },
  response_mismatch: {
    severity: 'error',
    meaning: 'release-governance-response.json is not the worst decision of the stream',
  },

  checkpoint_missing: {
    severity: 'error',
    meaning: 'there is no checkpoint, and nothing else that proves the evidence',
  },
  checkpoint_unreadable: { severity: 'error', meaning: 'the checkpoint is not one as the gate writes it' },
  checkpoint_key_unknown: { severity: 'error', meaning: 'no trusted key has the key id of the checkpoint' },
  checkpoint_signature_mismatch: {
    severity: 'error',
    meaning: 'the signature of the checkpoint was not made with a trusted key over it',
  },
  checkpoint_key_not_yet_valid: { severity: 'error', meaning: 'the checkpoint is older than its key' },
  checkpoint_key_expired: { severity: 'error', meaning: 'the checkpoint is younger than its key may sign' },
  checkpoint_key_revoked: {
    severity: 'error',
    meaning: 'the key of the checkpoint is revoked, so the time that it gives proves nothing',
  },
  checkpoint_mismatch: { severity: 'error', meaning: 'the checkpoint is of other evidence' },
  stream_truncated: { severity: 'error', meaning: 'a checkpoint has more records of this stream than there are' },
  stream_rolled_back: {
    severity: 'error',
    meaning: 'an earlier checkpoint has more records of this stream than the evidence and its own checkpoint',
  },
  stream_forked: {
    severity: 'error',
    meaning: 'an earlier checkpoint has other records, or is of a stream that the evidence is not chained to',
  },

  expectation_authentication: { severity: 'error', meaning: 'a record says that its runner was not authenticated' },
  expectation_provider: { severity: 'error', meaning: 'a record is of another provider than expected' },
  expectation_repository: { severity: 'error', meaning: 'a record is of another repository than expected' },
  expectation_ref: { severity: 'error', meaning: 'a record is of another ref than expected' },
  expectation_sha: { severity: 'error', meaning: 'a record is of another commit than expected' },
  expectation_run_id: { severity: 'error', meaning: 'a record is of another run than expected' },
  expectation_decision: { severity: 'error', meaning: 'the worst decision is not the expected one' },
  expectation_max_age: { severity: 'error', meaning: 'the last record is too old, or from the future' },
  expectation_subject: { severity: 'error', meaning: 'a file is no subject of a valid checkpoint' },
  expectation_passed: { severity: 'error', meaning: 'the checkpoint says that the release did not pass the gate' },
} as const satisfies Record<string, { readonly severity: Severity; readonly meaning: string }>;

type Severity = 'error' | 'warning';

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Number of the record in the stream, from 1; 0: not about one record. */
  readonly record: number;
  /** From 1; 0: not about one line. */
  readonly line: number;
  /** Byte offset in the stream. */
  readonly offset: number;
  readonly message: string;
}

/** Where in a stream something is. */
export type FindingPlace = Pick<Finding, 'record' | 'line' | 'offset'>;

/** A place in a part of a stream as a place in the stream. */
export function placeBehind(before: FindingPlace, { record, line, offset }: FindingPlace): FindingPlace {
  return { record: before.record + record, line: before.line + line, offset: before.offset + offset };
}

/** Not about one record, but about the stream, the folder or the expectations. */
export const NO_PLACE: FindingPlace = { record: 0, line: 0, offset: 0 };

/** Whether a finding is about an expectation, and not about the evidence itself. */
export function isExpectation(code: FindingCode): boolean {
  return code.startsWith('expectation_');
}

/** Collects findings. A hostile stream can cause one for every line: beyond the limit they are only counted. */
export class FindingList {
  readonly #kept: Record<Severity, Finding[]> = { error: [], warning: [] };
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0 };
  #evidenceErrors = 0;

  add(code: FindingCode, place: FindingPlace, message: string): void {
    const { severity } = FINDINGS[code];
    const { record, line, offset } = place;
    this.#counts[severity] += 1;
    if (severity === 'error' && !isExpectation(code)) {
      this.#evidenceErrors += 1;
    }
    if (this.#kept[severity].length < MAX_REPORT_FINDINGS) {
      this.#kept[severity].push({ code, severity, record, line, offset, message });
    }
  }

  /** Whether nothing was found at all. */
  get isEmpty(): boolean {
    return this.#counts.error + this.#counts.warning === 0;
  }

  /** All errors, those of unmet expectations included. */
  get errorCount(): number {
    return this.#counts.error;
  }

  /** Errors of the evidence itself. */
  get evidenceErrorCount(): number {
    return this.#evidenceErrors;
  }

  /**
   * At most MAX_REPORT_FINDINGS, errors rather than warnings when there are more; in the order of the stream, and what is about no
   * line at the end.
   */
  get kept(): readonly Finding[] {
    return [...this.#kept.error, ...this.#kept.warning]
      .slice(0, MAX_REPORT_FINDINGS)
      .sort((a, b) => Number(a.line === 0) - Number(b.line === 0) || a.offset - b.offset);
  }

  /** Findings that `kept` leaves out. */
  get omitted(): number {
    return this.#counts.error + this.#counts.warning - this.kept.length;
  }
}

const MAX_QUOTED_CHARACTERS = 64;

/** A value from evidence as it may stand in a message: JSON, printable ASCII only, cut when long. */
export function quoted(text: string): string {
  const cut = text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, MAX_QUOTED_CHARACTERS)}…` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e\u2026]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
