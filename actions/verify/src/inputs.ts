import { inputLookup, readVerifyInputs, VERIFY_SETTINGS, type VerifySettings } from '@cavra/release-governance-core';
import type { Environment } from '../../shared/src/environment.ts';
import { actionInputs } from '../../shared/src/inputs.ts';

export interface VerifyActionInputs {
  /** Paths are from the workspace. */
  readonly settings: VerifySettings;
  readonly summary: boolean;
}

/** Names of the inputs, for the test that holds action.yml against them. */
export const VERIFY_INPUTS: readonly string[] = [
  ...VERIFY_SETTINGS.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias])),
  'summary',
];

/**
 * Reads and checks every input.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readInputs(environment: Environment): VerifyActionInputs {
  const reader = actionInputs(environment);
  const summary = reader.flag('summary', true);
  return {
    settings: reader.together(() => readVerifyInputs(inputLookup((name) => name, reader.text))),
    summary,
  };
}
