import { createHash } from 'node:crypto';
import { IDENTITY_FIELDS } from '../identity/sources.ts';
import type { AuthenticatedRunner } from '../trust/trust-decision.ts';

const READABLE_LENGTH = 40;
const DIGEST_DIGITS = 32;

const PART = `[A-Za-z0-9-]{1,${READABLE_LENGTH}}`;
/** What the folder of a run's stream, or of a day's refusals, is called; nothing else in a daemon's evidence is a stream. */
export const STREAM_NAME = new RegExp(
  `^(?:${PART}\\.${PART}\\.${PART}\\.[0-9a-f]{${DIGEST_DIGITS}}|refused-[0-9]{4}-[0-9]{2}-[0-9]{2})$`,
  'u',
);

/**
 * The name of the folder in which a daemon keeps one run's stream: readable at its beginning, and told from every other by the digest at
 * its end. The digest is over each field of the identity together with whether it was proven, and over what it was proven by, so that
 * neither a claim that nobody proved nor a weaker proof ever reaches the stream of a better one.
 *
 * @param algorithm of the proof
 */
export function streamNameOf(runner: AuthenticatedRunner, algorithm: string): string {
  const { identity, verified, method, keyId, claims } = runner;
  // A platform rotates the keys of its tokens in mid-run; an HMAC key is one party.
  const prover = method === 'oidc' ? `issuer=${String(claims?.['iss'] ?? '')}` : `key_id=${keyId}`;
  const fields = IDENTITY_FIELDS.map(
    (field) => `${field}:${verified.includes(field) ? 'proven' : 'claimed'}=${identity[field] ?? ''}`,
  );
  const text = JSON.stringify(['cavra.daemon-stream.v1', algorithm, prover, ...fields]);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
  return `${[identity.repository, identity.run_id, identity.run_attempt].map(readable).join('.')}.${digest}`;
}

/** Nothing of a name from outside but letters, digits and dashes reaches a path. */
function readable(text: string | undefined): string {
  return (text || 'none').replace(/[^A-Za-z0-9]+/gu, '-').slice(0, READABLE_LENGTH);
}
