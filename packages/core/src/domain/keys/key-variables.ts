/** The environment variables by which a job is given its keys (docs/key-custody.md). */
export const KEY_VARIABLES = {
  runner: { key: 'CAVRA_RUNNER_AUTH_HMAC_KEY', id: 'CAVRA_RUNNER_AUTH_KEY_ID' },
  evidence: { key: 'CAVRA_DAEMON_EVIDENCE_HMAC_KEY', id: 'CAVRA_DAEMON_EVIDENCE_KEY_ID' },
  attestation: { key: 'CAVRA_ATTESTATION_KEY', id: 'CAVRA_ATTESTATION_KEY_ID' },
} as const;
