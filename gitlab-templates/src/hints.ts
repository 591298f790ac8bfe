import type { DiagnosisCode } from '@cavra/release-governance-core';
import type { Environment } from './configuration/environment.ts';

/** What a diagnosis most likely means on GitLab, and what to do about it there; one sentence each. */
export function hints(code: DiagnosisCode, environment: Environment): readonly string[] {
  return [
    ...(isFork(environment) ? (FORK[code] ?? []) : []),
    ...(isUnprotected(environment) ? (UNPROTECTED[code] ?? []) : []),
    ...(HINTS[code] ?? []),
  ];
}

type Hints = { readonly [Code in DiagnosisCode]?: readonly string[] };

const NO_TOKEN =
  'the template declares the token CAVRA_GITLAB_OIDC_TOKEN: either the instance has no key to sign it with (an administrator sets one), or a job of the same name in the pipeline replaces its id_tokens';

const HINTS: Hints = {
  'CAVRA-E211': [
    'on a self-managed GitLab set the input issuer to the address of the instance, such as https://gitlab.example.com',
  ],
  'CAVRA-E212': [
    'include the template with its defaults where merge requests are concerned, or pin the trust policy with trust_policy_sha256',
  ],
  'CAVRA-E301': [NO_TOKEN],
  'CAVRA-E311': [NO_TOKEN],
  'CAVRA-E313': ['a private certificate authority is named by NODE_EXTRA_CA_CERTS, a variable of type file'],
  'CAVRA-E314': ['a private certificate authority is named by NODE_EXTRA_CA_CERTS, a variable of type file'],
  'CAVRA-E317': [
    'the audience of the token is that of id_tokens in the job: set the input audience, and no id_tokens of your own; the issuer is set by the input issuer',
  ],
  'CAVRA-E318': [
    'GitLab issues the token when the job starts: max_token_age must cover the time from there to the gate',
  ],
};

const PROTECTED_VARIABLES =
  'this pipeline runs for a ref that is not protected, and GitLab gives protected variables to protected branches and tags only';

const UNPROTECTED: Hints = {
  'CAVRA-E206': [PROTECTED_VARIABLES],
  'CAVRA-E209': [PROTECTED_VARIABLES],
  'CAVRA-E215': [PROTECTED_VARIABLES],
  'CAVRA-E301': [PROTECTED_VARIABLES],
};

const FORK_VARIABLES =
  'this merge request comes from a fork, whose pipeline gets no protected variables of this project';
const FORK_IDENTITY =
  'this merge request comes from a fork: its token is the fork’s, and the gate trusts no other project than the one it runs in';

const FORK: Hints = {
  'CAVRA-E206': [FORK_VARIABLES],
  'CAVRA-E301': [FORK_VARIABLES],
  'CAVRA-E311': [FORK_VARIABLES],
  'CAVRA-E319': [FORK_IDENTITY],
  'CAVRA-E320': [FORK_IDENTITY],
};

function isFork(environment: Environment): boolean {
  const source = environment['CI_MERGE_REQUEST_SOURCE_PROJECT_ID'] ?? '';
  return source !== '' && source !== (environment['CI_MERGE_REQUEST_PROJECT_ID'] ?? '');
}

function isUnprotected(environment: Environment): boolean {
  return environment['CI_COMMIT_REF_PROTECTED'] === 'false';
}
