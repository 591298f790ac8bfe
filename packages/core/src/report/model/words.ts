import type { VerificationReport } from '../../domain/verification/report.ts';
import type { KeyUse } from '../../domain/verification/signatures.ts';
import type { Decision } from '../../domain/wire/messages.ts';
import type { Tone } from './model.ts';

/** What the words of a verification report mean, in words for people. */

export const SIGNATURE_WORDS: Readonly<Record<VerificationReport['signatures'], string>> = {
  checked: 'checked: every record was signed with a key that was allowed to sign it',
  unchecked: 'not checked: there are signatures, but no key was given to check them with',
  none: 'none: nothing in this stream is signed',
};

export const TAIL_WORDS: Readonly<Record<VerificationReport['tail'], string>> = {
  unanchored: 'unanchored: if records were cut off at the end, nothing here would show it',
  sealed: 'sealed: the checkpoint of this run names the last record, so a cut would show',
  anchored:
    'anchored: the stream continues an earlier or external checkpoint, so neither a cut nor another past would pass',
};

export const CHECKPOINT_WORDS: Readonly<Record<VerificationReport['checkpoint'], string>> = {
  absent: 'none: only a holder of the evidence key can check who wrote the records',
  valid: 'valid: its signature and what it says of the stream were checked with a public key',
  invalid: 'not valid: its signature, or what it says of the stream, does not hold',
  unchecked: 'not checked: there is one, but no public key was given to check it with',
};

export const KEY_STATUS: Readonly<Record<KeyUse['status'], { readonly tone: Tone; readonly words: string }>> = {
  active: { tone: 'good', words: 'active' },
  retiring: { tone: 'good', words: 'retiring: still verifies, signs no more after its successor took over' },
  retired: { tone: 'neutral', words: 'retired: verifies what it signed in its period' },
  revoked: { tone: 'bad', words: 'revoked: its records count only under a checkpoint older than the revocation' },
  unknown: { tone: 'bad', words: 'unknown: not among the keys that were given' },
  unchecked: { tone: 'warn', words: 'not checked: no key was given' },
  others: { tone: 'neutral', words: 'further key ids, counted together' },
};

export const DECISION_TONE: Readonly<Record<Decision, Tone>> = {
  allow: 'good',
  require_approval: 'warn',
  block: 'bad',
};

export const PROOF_WORDS: Readonly<Record<string, string>> = {
  'OIDC-JWT': 'the platform’s OIDC token',
  'HMAC-SHA256-REQUEST': 'a one-time HMAC over the request and the runner’s claims',
  'HMAC-SHA256': 'an HMAC over the runner’s claims',
};
