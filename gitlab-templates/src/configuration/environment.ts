import { GATE_OUTPUTS } from '@cavra/release-governance-core';
import { dotenvName } from './dotenv.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What GitLab and the runner set. */
const PLATFORM = /^(CI|CI_[A-Z0-9_]+|GITLAB_[A-Z0-9_]+)$/;

/** Tokens that GitLab used to give, and one by another name than the template declares: a variable must not bring them back. */
const OTHER_TOKENS = /^(CI_JOB_JWT(_V[0-9])?|GITLAB_OIDC_TOKEN)$/;

/** How this runner reaches the network. Certificates are checked whatever these say. */
const NETWORK = /^(https?_proxy|all_proxy|no_proxy|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS)$/i;

/** The token that the template declares. */
const TOKEN = /^CAVRA_GITLAB_OIDC_TOKEN$/;

/** Keys, which are never inputs; and those that a keyring refers to by `{"env": NAME}`. */
const KEYS = /^CAVRA_([A-Z0-9_]*HMAC_KEY[A-Z0-9_]*|RUNNER_AUTH_KEY_ID|DAEMON_EVIDENCE_KEY_ID|ATTESTATION_KEY(_ID)?)$/;

/** What an earlier gate hands on by its dotenv report: no configuration. */
const OUTPUTS: ReadonlySet<string> = new Set([...Object.keys(GATE_OUTPUTS), 'artifact-name'].map(dotenvName));

export interface FilteredEnvironment {
  readonly environment: Environment;
  /** Names of variables that look like configuration and change nothing. */
  readonly ignored: readonly string[];
}

/**
 * The part of the job's environment that the gate is given. Any pipeline, project or dotenv variable is in the environment too, and
 * who is trusted, what is expected and who this job is must not come from there (design.md section 4): the template's inputs say the
 * first two, GitLab and its signed token the last.
 */
export function gateEnvironment(all: Environment): FilteredEnvironment {
  const passed = Object.entries(all).filter(([name]) => isPassed(name));
  const ignored = Object.keys(all).filter((name) => name.startsWith('CAVRA_') && !isPassed(name) && !OUTPUTS.has(name));
  return {
    // This program runs nowhere else, whatever a variable says.
    environment: { ...Object.fromEntries(passed), CI: 'true', GITLAB_CI: 'true' },
    ignored: ignored.sort(),
  };
}

function isPassed(name: string): boolean {
  return !OTHER_TOKENS.test(name) && [PLATFORM, NETWORK, TOKEN, KEYS].some((pattern) => pattern.test(name));
}
