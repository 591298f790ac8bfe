import type { Environment } from '../agent/environment.ts';

/** What a name may hold: Azure's rules for artifacts, and none of what could end a logging command. */
export const ARTIFACT_NAME = /^[^\p{C}\p{Zl}\p{Zp}"/\\[\]:|<>+=;?*@%#]{1,150}$/u;

const NO_STAGE = '__default';
const LONGEST_PART = 40;

/**
 * `cavra-release-governance-<job>[-<matrix index>]-<attempt>` (interfaces.md). The job's name is unique only within its stage, so that
 * stands before it; the index counts the jobs that one matrix makes.
 */
export function defaultArtifactName(environment: Environment): string {
  const stage = environment['SYSTEM_STAGENAME'];
  const several = Number(environment['SYSTEM_TOTALJOBSINPHASE']) > 1;
  const parts = [
    'cavra-release-governance',
    stage === NO_STAGE ? undefined : stage,
    environment['SYSTEM_PHASENAME'] || environment['SYSTEM_JOBNAME'] || 'job',
    several ? environment['SYSTEM_JOBPOSITIONINPHASE'] : undefined,
    attempt(environment),
  ];
  return parts.flatMap((part) => (part ? [plain(part)] : [])).join('-');
}

/** A job that is run again, alone or with its stage, has other evidence. */
function attempt(environment: Environment): string {
  const job = environment['SYSTEM_JOBATTEMPT'] || '1';
  const stage = environment['SYSTEM_STAGEATTEMPT'] || '1';
  return stage === '1' || stage === job ? job : `${stage}.${job}`;
}

function plain(part: string): string {
  return part.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST_PART);
}
