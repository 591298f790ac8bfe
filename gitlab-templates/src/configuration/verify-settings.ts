import { readVerifyInputs, type VerifySettings } from '@cavra/release-governance-core';
import type { Configuration } from './configuration.ts';
import { inputText } from './settings.ts';
import { verifyInputName } from './verify-inputs.ts';

/**
 * The settings of the job that verifies.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function verifySettings(configuration: Configuration): VerifySettings {
  return readVerifyInputs(({ name, kind }) => {
    const input = verifyInputName(name);
    return { text: inputText(configuration, input, kind), label: `input ${input}` };
  });
}
