import { ConfigurationError } from '../diagnosis.ts';
import { MAX_EXPECTED_IDENTITIES, MAX_LISTED_PROBLEMS } from '../limits.ts';
import type { ExpectedIdentity } from './expected-identity.ts';

/** A comment begins at the start of a line or behind a blank: `#` may stand in an address. */
const COMMENT = /(?:^|\s)#.*$/u;
const ISSUER = /^https:\/\/[!-~]+$/u;
const NAME = /^[!-~]+$/u;

/**
 * Reads a list of identities whose keyless seals are accepted: one a line, the issuer and, behind a blank, a repository, or the
 * certificate's identity where that begins with `https://`. Empty lines and comments (`#`) are left out.
 *
 * @param source what messages call it
 * @throws ConfigurationError CAVRA-E266 naming the lines that are none
 */
export function parseExpectedIdentities(text: string, source: string): readonly ExpectedIdentity[] {
  const lines = text
    .split(/\r?\n/u)
    .map((line, index) => ({ number: index + 1, text: line.replace(COMMENT, '').trim() }));
  const entries = lines
    .filter((line) => line.text !== '')
    .map((line) => ({ ...line, identity: identityOf(line.text) }));
  const wrong = entries.filter(({ identity }) => identity === undefined).map(({ number }) => number);
  if (wrong.length > 0) {
    const shown = wrong.slice(0, MAX_LISTED_PROBLEMS).join(', ');
    throw refusal(
      source,
      `line ${shown}: expected an https:// issuer, a blank, and a repository or an https:// identity`,
    );
  }
  if (entries.length === 0) throw refusal(source, 'there is no identity in it');
  if (entries.length > MAX_EXPECTED_IDENTITIES) {
    throw refusal(source, `it has ${entries.length} identities, at most ${MAX_EXPECTED_IDENTITIES} are allowed`);
  }
  return entries.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
}

function identityOf(line: string): ExpectedIdentity | undefined {
  const [issuer = '', name = '', ...others] = line.split(/\s+/u);
  if (!ISSUER.test(issuer) || !NAME.test(name) || others.length > 0) return undefined;
  return name.startsWith('https://') ? { issuer, certificateIdentity: name } : { issuer, repository: name };
}

function refusal(source: string, reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E266', `${source}: ${reason}`);
}
