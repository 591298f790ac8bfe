/** Bytes that were handed over as an approval are none. The message says what was expected, and nothing that stands there. */
export class ApprovalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApprovalError';
  }
}

/** For a reader of a document's members. */
export function notAnApproval(message: string): ApprovalError {
  return new ApprovalError(message);
}
