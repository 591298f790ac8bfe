import { ConfigurationError } from '@cavra/release-governance-core';
import type { Agent, JobVariable } from './agent.ts';

/** Environment variables by name, as the entry file passes them on. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the agent itself sets, and lets no step overwrite. */
const PLATFORM = /^(TF_BUILD|(AGENT|BUILD|SYSTEM)_[A-Z0-9_]+)$/;

/** How this machine reaches the network. Certificates are checked whatever these say. */
const NETWORK = /^(https?_proxy|no_proxy|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS)$/i;

/** Keys, which are never inputs; and those that a keyring refers to by `{"env": NAME}`. */
const KEY = /^CAVRA_([A-Z0-9_]*HMAC_KEY[A-Z0-9_]*|ATTESTATION_KEY)$/;
const KEY_ID = /^CAVRA_(RUNNER_AUTH|DAEMON_EVIDENCE|ATTESTATION)_KEY_ID$/;

const ACCESS_TOKEN = 'SYSTEM_ACCESSTOKEN';

/** What stands in the environment for service connections and secret keys. */
const FROM_THE_AGENT = /^(ENDPOINT_|SECRET_CAVRA_)/;

/**
 * The part of the job's environment that the gate is given. An earlier step can set any variable, which then stands in the environment,
 * and whoever is trusted or who this job is must not come from there (design.md section 4): so no `CAVRA_RUNNER_*` identity, no token or
 * trust setting, no other platform's variables. Keys come from secret variables, or from the `env:` of the step.
 *
 * @throws ConfigurationError CAVRA-E201 a key stands in a variable that is not secret
 */
export function gateEnvironment(environment: Environment, agent: Agent): Environment {
  const variables = agent.variables();
  const passed = Object.entries(environment).filter(([name]) => PLATFORM.test(name) || NETWORK.test(name));
  return {
    ...Object.fromEntries(passed),
    ...keys(environment, agent, variables),
    [ACCESS_TOKEN]: agent.accessToken() ?? mappedAccessToken(environment, variables),
  };
}

/**
 * The agent puts variables into the environment after inputs and connections, so one that is called `INPUT_ISSUER` takes the place of
 * the input `issuer`. No step before may choose an input like that.
 *
 * @param inputs names of the task's inputs
 * @throws ConfigurationError CAVRA-E201
 */
export function refuseShadows(variables: readonly JobVariable[], inputs: readonly string[]): void {
  const taken = new Set(inputs.map((input) => `INPUT_${environmentName(input)}`));
  // A secret variable stands under SECRET_ and so hides nothing.
  const shadows = variables.filter(({ name, secret }) => {
    const shadow = environmentName(name);
    return !secret && (taken.has(shadow) || FROM_THE_AGENT.test(shadow));
  });
  if (shadows.length === 0) return;
  const names = shadows.map(({ name }) => name).join(', ');
  throw new ConfigurationError(
    'CAVRA-E201',
    `the variable ${names} would take the place of what the agent gives to the task: rename it, and find the step that sets it`,
  );
}

function keys(
  environment: Environment,
  agent: Agent,
  variables: readonly JobVariable[],
): Record<string, string | undefined> {
  const secret = variables.filter(({ secret: isSecret }) => isSecret).map(({ name }) => environmentName(name));
  const names = new Set([...secret, ...Object.keys(environment)].filter((name) => KEY.test(name) || KEY_ID.test(name)));
  const exposed = [...names].filter((name) => KEY.test(name) && isPublic(name, variables));
  if (exposed.length > 0) {
    throw new ConfigurationError(
      'CAVRA-E201',
      `${exposed.join(' and ')} must be a secret variable: this one can be read, and set, by every step and shows in the log`,
    );
  }
  return Object.fromEntries([...names].map((name) => [name, agent.variable(name) ?? environment[name]]));
}

/** For agents that give a task no token of its own. */
function mappedAccessToken(environment: Environment, variables: readonly JobVariable[]): string | undefined {
  return isPublic(ACCESS_TOKEN, variables) ? undefined : environment[ACCESS_TOKEN];
}

/** What comes from the `env:` of the step is no variable of the job. */
function isPublic(name: string, variables: readonly JobVariable[]): boolean {
  return variables.some((variable) => !variable.secret && environmentName(variable.name) === name);
}

/** The name under which the agent puts a variable into the environment. */
function environmentName(variable: string): string {
  return variable.replace(/[. ]/g, '_').toUpperCase();
}
