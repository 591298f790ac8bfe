import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/domain/diagnosis.ts';
import { readEvidenceVerificationKey, readSigningKeys } from '../../src/settings/credentials.ts';

const KEY = 'evidence-key-of-the-tests-0123456789abcdef01234567';

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof ConfigurationError ? error.code : error;
  }
  return undefined;
}

describe('a signing key', () => {
  it('is the bytes of its variable', () => {
    const { evidence, runner } = readSigningKeys({
      CAVRA_DAEMON_EVIDENCE_HMAC_KEY: KEY,
      CAVRA_DAEMON_EVIDENCE_KEY_ID: 'ci',
    });
    expect(evidence).toEqual({ id: 'ci', secret: Buffer.from(KEY) });
    expect(runner).toBeUndefined();
  });

  it('has at least 32 bytes', () => {
    expect(refusal(() => readSigningKeys({ CAVRA_RUNNER_AUTH_HMAC_KEY: KEY.slice(0, 31) }))).toBe('CAVRA-E207');
  });

  it.each([
    '$(CAVRA_DAEMON_EVIDENCE_HMAC_KEY)',
    '$(a.variable.of.a.group.that.is.not.there)',
    `\${CAVRA_DAEMON_EVIDENCE_HMAC_KEY}`,
    '$CAVRA_DAEMON_EVIDENCE_HMAC_KEY_OF_CI',
  ])('is not the reference %s, which a platform left in its place', (reference) => {
    expect(refusal(() => readSigningKeys({ CAVRA_RUNNER_AUTH_HMAC_KEY: reference }))).toBe('CAVRA-E207');
    expect(refusal(() => readEvidenceVerificationKey({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: reference }))).toBe(
      'CAVRA-E207',
    );
  });

  it.each([`$(${KEY}`, `${KEY}$(x)`, `$${KEY}$`])('may otherwise have any characters: %s', (key) => {
    expect(readSigningKeys({ CAVRA_DAEMON_EVIDENCE_HMAC_KEY: key }).evidence?.secret).toEqual(Buffer.from(key));
  });
});
