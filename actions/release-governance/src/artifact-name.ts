/** What an artifact name may hold, by GitHub's rules for names and ours for logs (`##[` starts a command). */
export const ARTIFACT_NAME = /^(?!.*##\[)[^"<>|*?\\/:\p{C}\p{Zl}\p{Zp}]{1,200}$/u;

/** Facts that tell one gate of a run from another. */
export interface JobPlace {
  /** GITHUB_JOB. */
  readonly job: string | undefined;
  /** Index in the job's matrix; undefined without a matrix. */
  readonly matrixIndex: string | undefined;
  /** GITHUB_RUN_ATTEMPT. */
  readonly attempt: string | undefined;
}

/** `cavra-release-governance-<job>[-<matrix index>]-<attempt>` (interfaces.md). */
export function defaultArtifactName({ job, matrixIndex, attempt }: JobPlace): string {
  return ['cavra-release-governance', job ?? 'job', matrixIndex, attempt ?? '1']
    .filter((part) => part !== undefined && part !== '')
    .map((part) => (part ?? '').replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 100))
    .join('-');
}

/**
 * Another name when the default one is taken: a job that runs the gate twice, or a reusable workflow that one run calls several times,
 * has the same job id each time.
 *
 * @param headHash of the evidence, which no two gates share
 */
export function secondArtifactName(name: string, headHash: string): string {
  return `${name}-${headHash.slice(0, 12) || 'other'}`;
}
