import {
  type CreateVerifierOptions,
  describeVerifySetting,
  type EvidenceExpectations,
  readVerifyOptions,
  VERIFY_SETTINGS,
  type VerificationQuestion,
} from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments, Terminal } from '../../command-line/command.ts';
import { settingOption, settingVariable, typedOption } from '../../command-line/setting-options.ts';

/** What holds of one piece of evidence alone. */
const OF_ONE = ['subject-path', 'against'];

/** The options of `verify`; the path is an argument. */
export const VERIFY_OPTIONS: readonly OptionDefinition[] = optionsWithout(['path']);

/** Those that hold for each of many pieces of evidence. */
export const AUDIT_OPTIONS: readonly OptionDefinition[] = optionsWithout(['path', ...OF_ONE]);

function optionsWithout(names: readonly string[]): readonly OptionDefinition[] {
  return VERIFY_SETTINGS.filter(({ name, adaptersOnly }) => adaptersOnly === undefined && !names.includes(name)).map(
    (row) => settingOption({ ...row, description: describeVerifySetting(row, 'command-line') }),
  );
}

/** What the options of `verify` and `audit` say: the keys, and what is asked of evidence. */
export interface VerifyCommandSettings
  extends Pick<CreateVerifierOptions, 'keyring'>,
    Required<Pick<CreateVerifierOptions, 'publicKeys'>>,
    Required<Pick<VerificationQuestion, 'integrityOnly' | 'subjects' | 'against'>> {
  /** At least one; absent: nothing is expected. */
  readonly expectations?: EvidenceExpectations;
}

/** @throws ConfigurationError CAVRA-E217 naming every mistake; an empty value is one */
export function readSettings(command: string, terminal: Terminal, parsed: ParsedArguments): VerifyCommandSettings {
  const { expectations, ...settings } = readVerifyOptions(
    command,
    (definition) => typedOption(definition, parsed) ?? settingVariable(definition, terminal),
  );
  return Object.keys(expectations).length === 0 ? settings : { ...settings, expectations };
}
