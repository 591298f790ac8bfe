import { Buffer } from 'node:buffer';
import { parseTrustedRoot, type TrustedRoot } from '../trusted-root.ts';
import { PUBLIC_TRUSTED_ROOT_TEXT } from './trusted-root-text.ts';

let root: TrustedRoot | undefined;

/** The trusted root of Sigstore's public instance, as this version was released with it. */
export function publicTrustedRoot(): TrustedRoot {
  root ??= parseTrustedRoot(Buffer.from(PUBLIC_TRUSTED_ROOT_TEXT), 'the embedded trusted root');
  return root;
}
