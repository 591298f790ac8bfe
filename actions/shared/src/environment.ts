import { configuredSecrets } from '@cavra/release-governance-core';

/** Environment variables by name, as an entry file passes them on. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the runner itself sets; steps cannot overwrite GITHUB_* and RUNNER_* through GITHUB_ENV. */
const PLATFORM =
  /^(GITHUB_[A-Z0-9_]+|RUNNER_[A-Z0-9_]+|ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)|ACTIONS_RUNTIME_TOKEN|CI)$/;

/** How this machine reaches the network. Certificates are checked whatever these say. */
const NETWORK = /^(https?_proxy|no_proxy|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS)$/i;

/** Keys, which are never inputs; and those that a keyring refers to by `{"env": NAME}`. */
const KEYS = /^CAVRA_([A-Z0-9_]*HMAC_KEY[A-Z0-9_]*|RUNNER_AUTH_KEY_ID|DAEMON_EVIDENCE_KEY_ID|ATTESTATION_KEY(_ID)?)$/;

/**
 * The part of the job's environment that the gate is given. An earlier step can put any variable into it, and whoever is trusted or
 * who this job is must not come from there (design.md section 4): so no `CAVRA_RUNNER_*` identity, no token or trust setting, no other
 * platform's variables.
 */
export function gateEnvironment(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => [PLATFORM, NETWORK, KEYS].some((pattern) => pattern.test(name))),
  );
}

/** Whatever in the environment must not show in the log: what the gate is given, and what it ignores. */
export function secretValues(environment: Environment): string[] {
  const keys = Object.entries(environment).filter(([name]) => KEYS.test(name) && !name.endsWith('_ID'));
  const secrets = configuredSecrets(environment).map(({ name }) => [name, environment[name]] as const);
  return [...new Set([...keys, ...secrets].flatMap(([, value]) => (value ? [value] : [])))];
}
