import type { Authority } from '../../fakes/authority.ts';
import { type AzureDevOps, type AzureJobFacts, startAzureDevOps } from '../../fakes/azure.ts';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import type { Step } from './agent.ts';

/** What a step has of its job, whatever its inputs are. */
export type JobOfStep = Pick<Step, 'variables' | 'accessToken' | 'secrets'>;

/** Starts a collection whose certificate is of this authority. */
export function startCollection(authority: Authority): Promise<AzureDevOps> {
  return startAzureDevOps({ authority });
}

/** The evidence key as secret variables: on a CI platform it is required. */
export const EVIDENCE_SECRETS = {
  CAVRA_DAEMON_EVIDENCE_HMAC_KEY: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_HMAC_KEY,
  CAVRA_DAEMON_EVIDENCE_KEY_ID: HMAC_ENVIRONMENT.CAVRA_DAEMON_EVIDENCE_KEY_ID,
} as const;

/** A job of the collection, as the agent knows it: the access token is the task's own, and mapped nowhere. */
export function startJob(collection: AzureDevOps, facts: AzureJobFacts = {}): Required<JobOfStep> {
  const { SYSTEM_ACCESSTOKEN: accessToken = '', ...variables } = collection.startJob(facts).environment;
  return {
    accessToken,
    secrets: EVIDENCE_SECRETS,
    variables: {
      ...variables,
      SYSTEM_SERVERTYPE: 'Hosted',
      SYSTEM_STAGENAME: 'Release',
      SYSTEM_STAGEATTEMPT: '1',
      SYSTEM_PHASENAME: 'Gate',
      SYSTEM_JOBNAME: 'Gate',
    },
  };
}

/** The inputs that pin the collection. Its keys are not where those of Azure DevOps Services are. */
export function pins({ issuer, jwksUrl }: AzureDevOps): Readonly<Record<string, string>> {
  return { issuer, jwksUrl };
}
