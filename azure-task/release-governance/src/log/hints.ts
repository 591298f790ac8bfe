import type { DiagnosisCode } from '@cavra/release-governance-core';
import type { Environment } from '../agent/environment.ts';
import { isFork } from '../agent/preflight.ts';

/** What a diagnosis most likely means on Azure Pipelines, and what to do about it there; a sentence, or the empty string. */
export function hint(code: DiagnosisCode, environment: Environment): string {
  return (isFork(environment) ? FORK[code] : undefined) ?? HINTS[code] ?? '';
}

type Hints = { readonly [Code in DiagnosisCode]?: string };

const SECRET_VARIABLE =
  'on Azure Pipelines: a secret variable of that name, from the pipeline or a variable group, reaches the task without a mapping';
const ORGANISATION =
  'the organisation id is the value of the predefined variable System.CollectionId; write it into the input issuer as https://vstoken.dev.azure.com/<id>';

const HINTS: Hints = {
  'CAVRA-E206': SECRET_VARIABLE,
  'CAVRA-E207': SECRET_VARIABLE,
  'CAVRA-E211': ORGANISATION,
  'CAVRA-E215': SECRET_VARIABLE,
  'CAVRA-E301':
    'Azure DevOps Services gives every job a token, which needs the input issuer to be trusted; Azure DevOps Server gives none, so set auth: hmac and CAVRA_RUNNER_AUTH_HMAC_KEY as a secret variable there',
  'CAVRA-E311':
    'Azure DevOps Services gives every job a token; Azure DevOps Server gives none, so set auth: hmac and CAVRA_RUNNER_AUTH_HMAC_KEY as a secret variable there',
  'CAVRA-E313':
    'the proxy and certificates are those that the agent was configured with (./config.sh --proxyurl, --sslcacert)',
  'CAVRA-E314':
    'the proxy and certificates are those that the agent was configured with (./config.sh --proxyurl, --sslcacert)',
  'CAVRA-E317': `${ORGANISATION}; leave the input audience out, because Azure always issues for api://AzureADTokenExchange`,
  'CAVRA-E403': 'download the artifact before, and give its folder as the input path',
};

const FORK_SECRETS =
  "this builds a pull request from a fork, which is given no secret variables: skip the gate there with condition: ne(variables['System.PullRequest.IsFork'], 'True')";

const FORK: Hints = {
  'CAVRA-E206': FORK_SECRETS,
  'CAVRA-E207': FORK_SECRETS,
  'CAVRA-E215': FORK_SECRETS,
  'CAVRA-E301': FORK_SECRETS,
  'CAVRA-E311': FORK_SECRETS,
};
