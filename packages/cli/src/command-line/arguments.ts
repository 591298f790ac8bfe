import { parseArgs } from 'node:util';
import { ConfigurationError } from '@cavra/release-governance-core';
import type { Command, ParsedArguments } from './command.ts';

/**
 * Reads what stands after a command's name.
 *
 * @throws ConfigurationError CAVRA-E217 for unknown options, missing values, words that are no choice, too many or few arguments
 */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const { values, tokens, positionals } = read(command, args);
  const parsed = { values: new Map<string, string>(), lists: new Map<string, string[]>(), flags: new Set<string>() };
  for (const definition of command.options) {
    const given = values[definition.name];
    if (given === undefined) continue;
    if (definition.kind === 'flag') {
      parsed.flags.add(definition.name);
      continue;
    }
    const texts = Array.isArray(given) ? given.map(String) : [String(given)];
    if (definition.kind === 'list') {
      parsed.lists.set(definition.name, texts);
      continue;
    }
    const repeated = tokens.filter((token) => token.kind === 'option' && token.name === definition.name).length > 1;
    if (repeated) throw usage(command, `--${definition.name} is given more than once`);
    const [text = ''] = texts;
    if (definition.choices !== undefined && !definition.choices.includes(text)) {
      throw usage(command, `--${definition.name} must be one of ${definition.choices.join(', ')}`);
    }
    parsed.values.set(definition.name, text);
  }
  const [minimum, maximum] = command.positionals;
  if (positionals.length < minimum) throw usage(command, `an argument is missing: ${command.synopsis}`);
  if (positionals.length > maximum) throw usage(command, `unexpected argument ${quoted(positionals[maximum] ?? '')}`);
  return { ...parsed, positionals };
}

function read(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(
    command.options.map(({ name, kind }) => [
      name,
      { type: kind === 'flag' ? ('boolean' as const) : ('string' as const), multiple: kind === 'list' },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [sentence = ''] = message.split(/\.\s|\n/);
    throw usage(command, sentence.charAt(0).toLowerCase() + sentence.slice(1), error);
  }
}

function usage(command: Command, message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('CAVRA-E217', `${command.name}: ${message}`, { cause });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
