import type { Decision, Provider } from '@cavra/release-governance-core';
import type { Agent } from './agent.ts';
import { InputReader } from './inputs.ts';

/** The inputs of `command: verify`, checked. */
export interface VerifyInputs {
  /** Folder of the downloaded evidence, or its stream. */
  readonly path: string;
  readonly keyring: string | undefined;
  readonly integrityOnly: boolean;
  readonly provider: Provider;
  /** Undefined: that of this run. */
  readonly expected: {
    readonly repository: string | undefined;
    readonly ref: string | undefined;
    readonly sha: string | undefined;
    readonly run_id: string | undefined;
  };
  readonly decision: Decision;
  readonly maxAgeSeconds: number;
}

/** In the order in which they are documented; the keyring is an input of the gate as well. */
export const VERIFY_INPUT_NAMES = [
  'path',
  'integrityOnly',
  'expectProvider',
  'expectRepository',
  'expectRef',
  'expectSha',
  'expectRunId',
  'expectDecision',
  'maxAge',
] as const;

export const EXPECTED_PROVIDERS = [
  'azure-pipelines',
  'github-actions',
  'gitlab-ci',
] as const satisfies readonly Provider[];
export const EXPECTED_DECISIONS = ['allow', 'block', 'require_approval'] as const satisfies readonly Decision[];
export const DEFAULT_MAX_AGE_SECONDS = 86_400;
export const DEFAULT_PATH = '.cavra/go-daemon';

/** @throws ConfigurationError CAVRA-E201 naming every mistake */
export function readVerifyInputs(agent: Agent): VerifyInputs {
  const reader = new InputReader(agent);
  return reader.together(() => ({
    path: reader.text('path') ?? DEFAULT_PATH,
    keyring: reader.text('keyring'),
    integrityOnly: reader.flag('integrityOnly', false),
    provider: reader.choice('expectProvider', EXPECTED_PROVIDERS) ?? EXPECTED_PROVIDERS[0],
    expected: {
      repository: reader.text('expectRepository'),
      ref: reader.text('expectRef'),
      sha: reader.text('expectSha'),
      run_id: reader.text('expectRunId'),
    },
    decision: reader.choice('expectDecision', EXPECTED_DECISIONS) ?? EXPECTED_DECISIONS[0],
    maxAgeSeconds: reader.integer('maxAge', [1, 999_999_999]) ?? DEFAULT_MAX_AGE_SECONDS,
  }));
}
