import { ConfigurationError, type KeyPurpose } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments } from '../../command-line/command.ts';

export const PURPOSE: OptionDefinition = {
  name: 'purpose',
  kind: 'value',
  placeholder: 'runner|evidence|attestation|daemon',
  choices: ['runner', 'evidence', 'attestation', 'daemon'],
  description: 'what the key signs',
};

export const KEYRING_FILE: OptionDefinition = {
  name: 'keyring',
  kind: 'value',
  placeholder: 'FILE',
  environment: 'CAVRA_KEYRING',
  description: 'the keyring',
};

export function purposeOf(parsed: ParsedArguments): KeyPurpose | undefined {
  return parsed.values.get(PURPOSE.name) as KeyPurpose | undefined;
}

/** The value of an option; one that is empty, for example by an unset variable, must not become none. */
export function given(command: string, parsed: ParsedArguments, name: string): string | undefined {
  const text = parsed.values.get(name);
  if (text === '') throw new ConfigurationError('CAVRA-E217', `${command}: --${name} is empty`);
  return text;
}
