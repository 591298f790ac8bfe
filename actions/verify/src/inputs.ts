import {
  ConfigurationError,
  type Decision,
  type EvidenceExpectations,
  type VerificationQuestion,
} from '@cavra/release-governance-core';
import type { Environment } from '../../shared/src/environment.ts';
import { InputReader } from '../../shared/src/inputs.ts';

export interface VerifyInputs {
  /** Paths are from the workspace. */
  readonly question: VerificationQuestion & { readonly expectations: EvidenceExpectations };
  readonly keyring: string | undefined;
  /** Paths of public keys of which one must have signed the checkpoint. */
  readonly publicKeys: readonly string[];
  readonly summary: boolean;
}

/** Names of the inputs, for the test that holds action.yml against them. */
export const VERIFY_INPUTS = [
  'path',
  'keyring',
  'public-key',
  'subject-path',
  'against',
  'expect-repository',
  'expect-ref',
  'expect-sha',
  'expect-run-id',
  'expect-provider',
  'expect-decision',
  'max-age',
  'integrity-only',
  'summary',
] as const;

/** Says that something is not expected. Nothing does so by being empty: an unset variable must not switch a check off. */
const ANY = 'any';

const PROVIDERS = ['github-actions', 'gitlab-ci', 'azure-pipelines', 'local', ANY] as const;
const DECISIONS = ['allow', 'require_approval', 'block', ANY] as const;
const MAX_AGE_SECONDS = 999_999_999;

/**
 * Reads and checks every input. What is not given is expected to be of this run, with the decision `allow`.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readVerifyInputs(environment: Environment): VerifyInputs {
  const reader = new InputReader(environment);
  const path = reader.text('path');
  if (path === undefined) reader.problems.push('input path must name the folder of the evidence, or its stream');
  const inputs = {
    question: {
      path: path ?? '',
      integrityOnly: reader.flag('integrity-only', false),
      expectations: readExpectations(reader, environment),
      against: reader.lines('against'),
      subjects: reader.lines('subject-path'),
    },
    keyring: reader.text('keyring'),
    publicKeys: reader.lines('public-key'),
    summary: reader.flag('summary', true),
  };
  if (reader.problems.length > 0) throw new ConfigurationError('CAVRA-E201', reader.problems.join('; '));
  return inputs;
}

function readExpectations(reader: InputReader, environment: Environment): EvidenceExpectations {
  /** The input, else what this run has. */
  const orThisRun = (name: string, variable: string): string | undefined => {
    const text = reader.text(name) ?? environment[variable];
    if (!text) reader.problems.push(`input ${name} is empty, and so is ${variable}`);
    return text;
  };
  const expected = {
    provider: reader.choice('expect-provider', PROVIDERS) ?? 'github-actions',
    repository: orThisRun('expect-repository', 'GITHUB_REPOSITORY'),
    ref: reader.text('expect-ref'),
    sha: orThisRun('expect-sha', 'GITHUB_SHA'),
    run_id: orThisRun('expect-run-id', 'GITHUB_RUN_ID'),
    decision: (reader.choice('expect-decision', DECISIONS) ?? 'allow') satisfies Decision | typeof ANY,
    max_age_seconds: reader.integer('max-age', [1, MAX_AGE_SECONDS]),
  };
  const checked = Object.entries(expected).filter(([, value]) => value !== undefined && value !== ANY);
  return Object.fromEntries(checked) as EvidenceExpectations;
}
