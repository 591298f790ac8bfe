/** Why a public key or a signature of OpenSSH is not believed. */
export type SshSignatureErrorCode =
  /** The bytes are not of the format: armor, base64, lengths, a member that must be empty, something behind the end. */
  | 'unreadable'
  /** An SSH certificate, or a signature by one. */
  | 'certificate'
  /** A key type that is not accepted. */
  | 'key_type'
  /** A key of an accepted type that is too short, or no key of that type at all. */
  | 'key_unusable'
  /** A signature type that is not of the key, or not accepted. */
  | 'signature_type'
  /** A hash of the message other than SHA-256 and SHA-512. */
  | 'hash'
  /** Made for another use. */
  | 'namespace'
  /** A browser signed something else than the statement, or from within another page. */
  | 'client_data'
  /** The signature is not that of the key over these bytes. */
  | 'mismatch';

/** The message says what was expected, and nothing of a secret. */
export class SshSignatureError extends Error {
  readonly code: SshSignatureErrorCode;

  constructor(code: SshSignatureErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SshSignatureError';
    this.code = code;
  }
}
