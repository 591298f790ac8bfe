import type { Environment } from './environment.ts';

/** Whether this is a build or a YAML pipeline: only there a task may upload an artifact. */
export function takesArtifacts(environment: Environment): boolean {
  const host = environment['SYSTEM_HOSTTYPE']?.toLowerCase();
  return host === undefined || host === 'build';
}

/** Whether this runs for a pull request from a fork. */
export function isFork(environment: Environment): boolean {
  return environment['SYSTEM_PULLREQUEST_ISFORK']?.toLowerCase() === 'true';
}

/** What this job offers and how the gate is to prove who it is. */
export interface Situation {
  readonly environment: Environment;
  readonly auth: 'auto' | 'oidc' | 'hmac';
  readonly upload: boolean;
}

/** What will not work here, each with what to do, before anything is tried. */
export function preflight(situation: Situation): readonly string[] {
  return [classicRelease(situation), noTokenService(situation), forkWithoutSecrets(situation)].filter(
    (remark) => remark !== undefined,
  );
}

function classicRelease({ environment, upload }: Situation): string | undefined {
  if (takesArtifacts(environment)) return undefined;
  const evidence = upload
    ? 'its evidence is attached to the log instead of becoming an artifact (uploadArtifact: false silences this)'
    : 'its evidence stays on the agent';
  return `this is a classic release, which takes no artifacts and says which build it deploys rather than which run it is: ${evidence}; run the gate in a YAML pipeline instead`;
}

function noTokenService({ environment, auth }: Situation): string | undefined {
  if (auth === 'hmac' || environment['SYSTEM_OIDCREQUESTURI'] || environment['CAVRA_RUNNER_AUTH_HMAC_KEY'])
    return undefined;
  const server =
    environment['SYSTEM_SERVERTYPE']?.toLowerCase() === 'onpremises' ? 'Azure DevOps Server' : 'this agent or server';
  return `${server} issues no OIDC tokens to jobs: set auth: hmac, and CAVRA_RUNNER_AUTH_HMAC_KEY as a secret variable`;
}

function forkWithoutSecrets({ environment }: Situation): string | undefined {
  if (!isFork(environment) || environment['CAVRA_DAEMON_EVIDENCE_HMAC_KEY']) return undefined;
  return "this builds a pull request from a fork, which is given no secret variables: skip the gate there with condition: ne(variables['System.PullRequest.IsFork'], 'True')";
}
