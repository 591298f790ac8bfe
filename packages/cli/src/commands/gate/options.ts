import type { GivenSetting, SettingDefinition } from '@cavra/release-governance-core';
import { type OptionDefinition, optionValue, type ParsedArguments, type Terminal } from '../../command-line/command.ts';

/** A setting of the gate as an option of a command. */
export function settingOption(definition: SettingDefinition): OptionDefinition {
  const { name, option = name, kind, description, placeholder, environment, choices, availability } = definition;
  return {
    name: option,
    kind: kind === 'flag' ? 'flag' : kind === 'list' ? 'list' : 'value',
    description: availability === undefined ? description : `${description}; not in this version`,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(environment === undefined ? {} : { environment }),
    ...(choices === undefined ? {} : { choices }),
    ...(definition.default === undefined ? {} : { default: definition.default }),
  };
}

/** The option, else the variable; positional requests stand for the setting `request`. */
export function lookUpSetting(
  definition: SettingDefinition,
  terminal: Terminal,
  parsed: ParsedArguments,
): GivenSetting | undefined {
  const { name, option = name } = definition;
  if (name === 'request') {
    if (parsed.positionals.length > 0) return { text: parsed.positionals.join('\n'), label: 'REQUEST' };
    // A request given inline on the command line is meant instead of the one that the environment names.
    if (parsed.values.has('request-json')) return undefined;
  }
  if (name === 'request-json' && parsed.positionals.length > 0 && !parsed.values.has(name)) return undefined;
  if (definition.kind === 'flag' && parsed.flags.has(option)) return { text: 'true', label: `--${option}` };
  const texts = parsed.lists.get(option);
  if (texts !== undefined) return { text: texts.join('\n'), label: `--${option}` };
  const found = optionValue(terminal, parsed, settingOption(definition));
  return found?.label === 'default' ? undefined : found;
}
