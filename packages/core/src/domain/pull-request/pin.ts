import { ConfigurationError } from '../diagnosis.ts';

/** A file as a setting names it, and the digest that fixes its content. */
export interface FileReference {
  readonly path: string;
  /** Lower-case hex; undefined: nothing fixes the content. */
  readonly sha256: string | undefined;
}

const PIN_AT_END = /^(.+)@sha256:([0-9a-fA-F]{64})$/su;
const BROKEN_PIN = /@sha256:[^/\\]*$/u;

/**
 * Splits `FILE@sha256:HEX`, the form in which every file that says whom to trust may be named.
 *
 * @throws ConfigurationError CAVRA-E201 what stands behind `@sha256:` is no SHA-256: read as part of a name, it would pin nothing
 */
export function fileReference(text: string): FileReference {
  const [, path, digest] = PIN_AT_END.exec(text) ?? [];
  if (path !== undefined && digest !== undefined) return { path, sha256: digest.toLowerCase() };
  if (hasBrokenPin(text)) {
    throw new ConfigurationError('CAVRA-E201', 'a file is pinned as FILE@sha256:HEX, with 64 hex digits at the end');
  }
  return { path: text, sha256: undefined };
}

/** Whether what stands behind `@sha256:` is no SHA-256. */
export function hasBrokenPin(text: string): boolean {
  return BROKEN_PIN.test(text) && !PIN_AT_END.test(text);
}

/** Whether a digest at the end of a setting's text fixes what the setting may hold. */
export function isPinnedReference(text: string): boolean {
  return PIN_AT_END.test(text);
}
