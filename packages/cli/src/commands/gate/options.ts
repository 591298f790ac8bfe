import type { SettingLookup } from '@cavra/release-governance-core';
import type { OptionDefinition, ParsedArguments, Terminal } from '../../command-line/command.ts';
import { settingVariable, typedOption } from '../../command-line/setting-options.ts';

/** The option, else the variable; positional requests are `--request` by another spelling. */
export function gateLookup(terminal: Terminal, parsed: ParsedArguments): SettingLookup {
  return (definition) => {
    const { name } = definition;
    if (name === 'request') {
      const named = requestNames(parsed);
      if (named.length > 0) return { text: named.join('\n'), label: 'REQUEST' };
      // A request given inline on the command line is meant instead of the one that the environment names.
      if (parsed.values.has('request-json')) return undefined;
    }
    if (name === 'request-json' && requestNames(parsed).length > 0 && !parsed.values.has(name)) return undefined;
    const typed = typedOption(definition, parsed);
    return typed?.text ? typed : settingVariable(definition, terminal);
  };
}

/** An option of the command line alone: an adapter always runs on a platform. */
export const EPHEMERAL_KEYS: OptionDefinition = {
  name: 'ephemeral-keys',
  kind: 'flag',
  description: 'random keys for a local trial; refused on CI platforms',
};

function requestNames({ positionals, lists }: ParsedArguments): readonly string[] {
  return [...positionals, ...(lists.get('request') ?? [])];
}
