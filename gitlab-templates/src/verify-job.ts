import {
  ConfigurationError,
  createVerifier,
  type Decision,
  describeFinding,
  type EvidenceExpectations,
  type VerificationReport,
} from '@cavra/release-governance-core';
import type { Configuration } from './configuration/configuration.ts';
import { type Environment, gateEnvironment } from './configuration/environment.ts';
import { listed } from './configuration/settings.ts';
import type { Job } from './job.ts';
import { failureLog, row } from './log.ts';

const MOST_FINDINGS = 20;

/** The job that verifies an earlier job's evidence and expects it to be of this pipeline, unless its inputs expect something else. */
export async function runVerifyJob(job: Job, configuration: Configuration): Promise<number> {
  const { environment } = gateEnvironment(job.environment);
  const expectations = expectationsOf(configuration, environment);
  const verifier = createVerifier({
    environment,
    workingDirectory: job.workspace,
    keyring: configuration.text('keyring') || undefined,
    publicKeys: listed(configuration.text('public_key')),
    program: { sha256: job.programSha256 },
    now: job.now,
    version: job.version,
  });
  const { report, failure } = await verifier.verify({
    path: configuration.text('evidence_dir'),
    integrityOnly: configuration.flag('integrity_only'),
    subjects: listed(configuration.text('subject')),
    against: listed(configuration.text('against')),
    expectations,
  });
  job.log(reportLog(report, expectations));
  if (failure !== undefined) job.log(failureLog(failure, job.environment));
  return failure?.exitStatus ?? 0;
}

/** Where an expectation comes from when its input is not given: this pipeline. */
const THIS_PIPELINE = {
  repository: 'CI_PROJECT_PATH',
  ref: 'CI_COMMIT_REF_NAME',
  sha: 'CI_COMMIT_SHA',
  run_id: 'CI_PIPELINE_ID',
} as const;

/** @throws ConfigurationError CAVRA-E201 an expectation would be none */
function expectationsOf(configuration: Configuration, environment: Environment): Required<EvidenceExpectations> {
  const expected = (field: keyof typeof THIS_PIPELINE): string => {
    const variable = THIS_PIPELINE[field];
    const value = configuration.text(`expect_${field}`) || environment[variable];
    if (value) return value;
    throw new ConfigurationError('CAVRA-E201', `input expect_${field} is not given and ${variable} is not set`);
  };
  return {
    provider: configuration.text('expect_provider'),
    repository: expected('repository'),
    ref: expected('ref'),
    sha: expected('sha'),
    run_id: expected('run_id'),
    decision: configuration.text('expect_decision') as Decision,
    max_age_seconds: maxAge(configuration.text('max_age')),
  };
}

function maxAge(text: string): number {
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number(text);
  throw new ConfigurationError('CAVRA-E201', 'input max_age must be a whole number of seconds above 0');
}

function reportLog(report: VerificationReport, expectations: EvidenceExpectations): string[] {
  const shown = report.findings.slice(0, MOST_FINDINGS);
  const more = report.findings.length - shown.length + report.findings_omitted;
  return [
    `CAVRA evidence: ${report.valid ? 'VALID' : 'NOT VALID'}`,
    ...row('stream', `${report.records} records, ${report.signed_records} signed, signatures ${report.signatures}`),
    ...row('tail', `${report.tail}, checkpoint ${report.checkpoint}`),
    ...report.keys.flatMap(({ key_id: id, records, status }) => row('key', `${id}: ${records} records, ${status}`)),
    ...Object.entries(expectations).flatMap(([name, value]) => row('expected', `${name} ${value}`)),
    ...shown.flatMap((finding) => row(finding.severity, `${finding.code}: ${describeFinding(finding)}`)),
    ...(more > 0 ? row('', `and ${more} more`) : []),
    ...row('head', report.head_hash),
  ];
}
