import { choicesOf, type GivenSetting, type SettingDefinition } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments, Terminal } from './command.ts';

/** A setting as an option of a command. */
export function settingOption(definition: SettingDefinition): OptionDefinition {
  const { name, option = name, kind, description, placeholder, environment } = definition;
  const choices = choicesOf(definition);
  return {
    name: option,
    kind: kind === 'flag' ? 'flag' : kind === 'list' ? 'list' : 'value',
    description,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(environment === undefined ? {} : { environment }),
    ...(kind === 'choice' ? { choices } : {}),
    ...(definition.default === undefined ? {} : { default: definition.default }),
  };
}

/** The option as it was typed, which may be empty. */
export function typedOption(
  { name, option = name, kind }: SettingDefinition,
  parsed: ParsedArguments,
): GivenSetting | undefined {
  const label = `--${option}`;
  if (kind === 'flag') return parsed.flags.has(option) ? { text: 'true', label } : undefined;
  const text = parsed.values.get(option) ?? parsed.lists.get(option)?.join('\n');
  return text === undefined ? undefined : { text, label };
}

/** The variable that does the same; one that is empty counts as not set. */
export function settingVariable({ environment }: SettingDefinition, terminal: Terminal): GivenSetting | undefined {
  const text = environment === undefined ? undefined : terminal.environment[environment];
  return text ? { text, label: environment ?? '' } : undefined;
}
