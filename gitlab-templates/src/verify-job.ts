import { reportLog, verifyInJob } from '@cavra/release-governance-core';
import type { Configuration } from './configuration/configuration.ts';
import { verifyEnvironment } from './configuration/environment.ts';
import { verifySettings } from './configuration/verify-settings.ts';
import type { Job } from './job.ts';
import { failureLog } from './log.ts';

/** The job that verifies an earlier job's evidence and expects it to be of this pipeline, unless its inputs expect something else. */
export async function runVerifyJob(job: Job, configuration: Configuration): Promise<number> {
  const { report, failure } = await verifyInJob({
    provider: 'gitlab-ci',
    settings: verifySettings(configuration),
    environment: verifyEnvironment(job.environment),
    workingDirectory: job.workspace,
    program: { sha256: job.programSha256 },
    now: job.now,
    randomBytes: job.randomBytes,
    version: job.version,
  });
  job.log(reportLog(report));
  if (failure !== undefined) job.log(failureLog(failure, job.environment));
  return failure?.exitStatus ?? 0;
}
