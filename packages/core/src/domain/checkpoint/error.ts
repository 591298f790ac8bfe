/** Why a checkpoint is not believed. The finding of a verification report has the same word, with `checkpoint_` before it. */
export type CheckpointErrorCode =
  /** The bytes are not a checkpoint as the gate writes it. */
  | 'unreadable'
  /** No key with this id is trusted. */
  | 'key_unknown'
  /** The signature is not that of the key over these bytes. */
  | 'signature_mismatch';

/** A checkpoint that somebody gave is not one, or not by whom it should be. The message says what was expected, and no more of it. */
export class CheckpointError extends Error {
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CheckpointError';
    this.code = code;
  }
}
