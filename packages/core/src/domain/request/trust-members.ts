/**
 * Names under which authentication or trust could be smuggled into a request. A request states what is released; who is believed is
 * for the job's configuration alone (design.md section 4). All of them are unknown members anyway: this list only makes the refusal
 * say what the matter is.
 */
const TRUST_MEMBERS: ReadonlySet<string> = new Set(
  [
    'runner_auth',
    'runner_identity',
    'identity',
    'auth',
    'authentication',
    'algorithm',
    'signature',
    'key_id',
    'token',
    'oidc_token',
    'id_token',
    'jwt',
    'hmac_key',
    'issuer',
    'audience',
    'jwks',
    'jwks_url',
    'jwks_uri',
    'max_token_age',
    'trust',
    'trust_policy',
    'trust_policy_sha256',
    'keyring',
    'runtime',
    'runtime_path',
    'runtime_sha256',
    'runtime_package',
    'runtime_public_key',
    'socket',
    'daemon_socket',
    'daemon_public_key',
    'public_key',
    'evidence_key',
    'attestation_key',
    'previous_checkpoint',
    'rules',
    'key_rotation',
    'ephemeral_keys',
    'expected_decision',
    'expected_rule_id',
    'allow_blocking_decision',
  ].map(plainName),
);

/** Whether a name means a setting of trust or authentication, in whatever spelling: `jwks-url`, `JwksUrl`, `CAVRA_RUNNER_OIDC_JWKS_URL`. */
export function isTrustMember(name: string): boolean {
  const plain = plainName(name);
  if (TRUST_MEMBERS.has(plain)) return true;
  const withoutCavra = plain.replace(/^cavra/, '');
  return TRUST_MEMBERS.has(withoutCavra) || TRUST_MEMBERS.has(withoutCavra.replace(/^runner(oidc|auth)/, ''));
}

/** The letters and digits of a name, in lower case. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
