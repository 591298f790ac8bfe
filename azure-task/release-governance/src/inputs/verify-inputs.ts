import type { Decision, EvidenceExpectations, Provider } from '@cavra/release-governance-core';
import type { Agent } from '../agent/agent.ts';
import type { Environment } from '../agent/environment.ts';
import { InputReader } from './inputs.ts';

/** The inputs of `command: verify`, checked. */
export interface VerifyInputs {
  /** Folder of the downloaded evidence, its stream, or a zip of it. */
  readonly path: string;
  readonly keyring: string | undefined;
  readonly publicKeys: readonly string[];
  readonly subjects: readonly string[];
  readonly against: readonly string[];
  readonly integrityOnly: boolean;
  readonly expectations: EvidenceExpectations;
  readonly summary: boolean;
}

/** In the order in which they are documented; `keyring` and `summary` are inputs of the gate as well. */
export const VERIFY_INPUT_NAMES = [
  'path',
  'publicKey',
  'subject',
  'against',
  'integrityOnly',
  'expectProvider',
  'expectRepository',
  'expectRef',
  'expectSha',
  'expectRunId',
  'expectDecision',
  'maxAge',
] as const;

/** Says that something is not expected. Nothing does so by being empty: an unset variable must not switch a check off. */
const ANY = 'any';

const PROVIDERS = ['azure-pipelines', 'github-actions', 'gitlab-ci'] as const satisfies readonly Provider[];
const DECISIONS = ['allow', 'block', 'require_approval'] as const satisfies readonly Decision[];
export const EXPECTED_PROVIDERS = [...PROVIDERS, ANY] as const;
export const EXPECTED_DECISIONS = [...DECISIONS, ANY] as const;
export const DEFAULT_MAX_AGE_SECONDS = 86_400;
export const DEFAULT_PATH = '.cavra/go-daemon';
const MAX_AGE_SECONDS = 999_999_999;

/**
 * Reads and checks every input. What is not given is expected to be of this run, with the decision `allow`.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readVerifyInputs(agent: Agent, environment: Environment): VerifyInputs {
  const reader = new InputReader(agent);
  return reader.together(() => ({
    path: reader.text('path') ?? DEFAULT_PATH,
    keyring: reader.text('keyring'),
    publicKeys: reader.lines('publicKey'),
    subjects: reader.lines('subject'),
    against: reader.lines('against'),
    integrityOnly: reader.flag('integrityOnly', false),
    expectations: readExpectations(reader, environment),
    summary: reader.flag('summary', true),
  }));
}

function readExpectations(reader: InputReader, environment: Environment): EvidenceExpectations {
  const orThisRun = (name: string, variable: string) =>
    reader.text(name) ?? reader.required(environment[variable], `input ${name} is empty, and so is ${variable}`);
  const expected = {
    provider: reader.choice('expectProvider', EXPECTED_PROVIDERS) ?? PROVIDERS[0],
    repository: orThisRun('expectRepository', 'BUILD_REPOSITORY_NAME'),
    ref: orThisRun('expectRef', 'BUILD_SOURCEBRANCH'),
    sha: orThisRun('expectSha', 'BUILD_SOURCEVERSION'),
    run_id: orThisRun('expectRunId', 'BUILD_BUILDID'),
    decision: reader.choice('expectDecision', EXPECTED_DECISIONS) ?? DECISIONS[0],
    max_age_seconds: reader.integer('maxAge', [1, MAX_AGE_SECONDS]) ?? DEFAULT_MAX_AGE_SECONDS,
  };
  return Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== ANY)) as EvidenceExpectations;
}
