/** Why a checkpoint is not believed. The finding of a verification report has the same word, with `checkpoint_` before it. */
export type CheckpointErrorCode =
  /** The bytes are not a checkpoint as the gate writes it. */
  | 'unreadable'
  /** No key with this id is trusted. */
  | 'key_unknown'
  /** The signature is not that of the key over these bytes. */
  | 'signature_mismatch'
  /** A timestamp is of another signature, or no authority signed it. */
  | 'timestamp_invalid'
  /** A timestamp is of an authority that the reader did not name, although it named some. */
  | 'timestamp_unpinned'
  /** A certificate, which lives for minutes, and no proven time at which it was valid. */
  | 'timestamp_missing'
  /** The certificate is not one of the pinned authority for signatures. */
  | 'certificate_untrusted'
  /** The certificate is that of somebody else than expected. */
  | 'identity_unexpected'
  /** The certificate is of another repository, commit, ref or run than the statement. */
  | 'certificate_mismatch';

/** A checkpoint that somebody gave is not one, or not by whom it should be. The message says what was expected, and no more of it. */
export class CheckpointError extends Error {
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CheckpointError';
    this.code = code;
  }
}

/** For a reader of the document's members. */
export function unreadable(message: string): CheckpointError {
  return new CheckpointError('unreadable', message);
}
