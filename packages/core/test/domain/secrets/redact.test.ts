import { describe, expect, it } from '@jest/globals';
import { redactRequest, redactResponse } from '../../../src/domain/secrets/redact.ts';

const part = (text: string) => Buffer.from(text).toString('base64url');
const JWT = `${part('{"alg":"RS256","kid":"k"}')}.${part('{"iss":"https://issuer.example"}')}.${part('signature bytes')}`;
const PLACEHOLDER = '<redacted-oidc-jwt>';

const redactTarget = (target: string) => redactRequest({ target }).target;

describe('redactRequest', () => {
  it('replaces the token of runner_auth and keeps the rest', () => {
    const request = {
      target: 'release',
      release_governance: { approval_required_count: 9_007_199_254_740_993n, failed_providers: ['a', 'b'] },
      runner_auth: { identity: { provider: 'github-actions' }, algorithm: 'OIDC-JWT', key_id: 'k', signature: JWT },
    };
    expect(redactRequest(request)).toEqual({
      ...request,
      runner_auth: { ...request.runner_auth, signature: PLACEHOLDER },
    });
    expect(request.runner_auth.signature).toBe(JWT);
  });

  it('replaces whatever the signature of OIDC-JWT is, but not an empty one', () => {
    const auth = { identity: {}, algorithm: 'OIDC-JWT' };
    expect(redactRequest({ runner_auth: { ...auth, signature: 'damaged' } }).runner_auth?.signature).toBe(PLACEHOLDER);
    expect(
      redactRequest({ runner_auth: { ...auth, algorithm: ' oidc-jwt', signature: 'x' } }).runner_auth?.signature,
    ).toBe(PLACEHOLDER);
    expect(redactRequest({ runner_auth: auth }).runner_auth).toEqual(auth);
  });

  it('keeps a MAC, and replaces a token in the place of one', () => {
    const auth = { identity: {}, algorithm: 'HMAC-SHA256' };
    const signature = 'ab'.repeat(32);
    expect(redactRequest({ runner_auth: { ...auth, signature } }).runner_auth?.signature).toBe(signature);
    const proof = `v2.1790000000.${'0f'.repeat(16)}.${'ab'.repeat(32)}`;
    expect(redactRequest({ runner_auth: { ...auth, signature: proof } }).runner_auth?.signature).toBe(proof);
    expect(redactRequest({ runner_auth: { ...auth, signature: JWT } }).runner_auth?.signature).toBe(PLACEHOLDER);
  });

  it('replaces tokens in every other string', () => {
    const redacted = redactRequest({
      session_id: JWT,
      requested_operation: `deploy with ${JWT}, twice ${JWT}.`,
      release_governance: { approval_id: `Bearer ${JWT}`, evidence_refs: ['fine', `https://x.example/?t=${JWT}&y=1`] },
      runner_auth: { identity: { actor: JWT }, key_id: JWT },
    });
    expect(redacted).toEqual({
      session_id: PLACEHOLDER,
      requested_operation: `deploy with ${PLACEHOLDER}, twice ${PLACEHOLDER}.`,
      release_governance: {
        approval_id: `Bearer ${PLACEHOLDER}`,
        evidence_refs: ['fine', `https://x.example/?t=${PLACEHOLDER}&y=1`],
      },
      runner_auth: { identity: { actor: PLACEHOLDER }, key_id: PLACEHOLDER },
    });
  });

  it.each([
    ['white space in the header', `${part('{ "alg" : "RS256" }')}.e30.c2ln`, PLACEHOLDER],
    ['a line end in the header', `${part('{\n  "alg": "RS256"\n}')}.e30.c2ln`, PLACEHOLDER],
    ['no signature', `${part('{"alg":"none"}')}.e30.`, PLACEHOLDER],
    ['a detached payload', `${part('{"alg":"RS256"}')}..c2ln`, PLACEHOLDER],
    ['an encrypted token', `${part('{"alg":"dir","enc":"A128GCM"}')}..aXY.Y2lwaGVy.dGFn`, PLACEHOLDER],
    ['a name glued to it', `token_${JWT}`, `token_${PLACEHOLDER}`],
    ['other letters around it', `ä${JWT}ö🔑${JWT}`, `ä${PLACEHOLDER}ö🔑${PLACEHOLDER}`],
    ['a host name before it', `www.example.org.${JWT}`, `www.example.org.${PLACEHOLDER}`],
    ['a letter whose code ends like one of a token', `\u0165${JWT}`, `\u0165${PLACEHOLDER}`],
    ['two tokens and a dot', `${JWT}..${JWT}`, `${PLACEHOLDER}..${PLACEHOLDER}`],
  ])('recognises a token with %s', (_what, text, expected) => {
    expect(redactTarget(text)).toBe(expected);
  });

  it.each([
    'v1.2.3',
    'eyJ.a.b',
    'keyJson.example.org',
    'eyJson-settings-production.v1.yaml',
    'monkeywrench.reports.final.pdf',
    `${part('{"alg":"RS256"}')}.${part('{"iss":"x"}')}`,
    `${part('["alg","RS256"]')}.e30.c2ln`,
    '..',
    '',
    PLACEHOLDER,
    'lone \ud800 surrogate.a.ey',
  ])('leaves %j alone', (text) => {
    expect(redactTarget(text)).toBe(text);
  });

  it('takes linear time', () => {
    const started = performance.now();
    for (const unit of ['eyJ', 'eyJhbGciOiJSUzI1NiJ9', 'eyJhbGciOiJSUzI1NiJ9.', '.', 'ey.', 'a.eyJ']) {
      redactTarget(unit.repeat(Math.ceil(1_048_576 / unit.length)));
    }
    expect(performance.now() - started).toBeLessThan(6000);
  });
});

describe('redactResponse', () => {
  it('replaces tokens that the response repeats', () => {
    expect(redactResponse({ decision: 'block', target: JWT, evidence_refs: [JWT] })).toEqual({
      decision: 'block',
      target: PLACEHOLDER,
      evidence_refs: [PLACEHOLDER],
    });
  });
});
