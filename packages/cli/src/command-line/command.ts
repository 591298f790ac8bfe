import type { Clock, RandomBytes } from '@cavra/release-governance-core';
import { ConfigurationError } from '@cavra/release-governance-core';

/** One option of a command. Order of precedence: option, then its variable, then the default. */
export interface OptionDefinition {
  /** kebab-case, without the dashes. */
  readonly name: string;
  /** `value` may be given once, `list` several times, `flag` takes no value. */
  readonly kind: 'value' | 'list' | 'flag';
  /** What stands for the value in the help, for example `FILE`. */
  readonly placeholder?: string;
  readonly environment?: string;
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly description: string;
}

/** Options and arguments as typed; checked against the command's table, not yet for meaning. */
export interface ParsedArguments {
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** The process around a command; only the entry file makes one from the real process. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly now: Clock;
  readonly randomBytes: RandomBytes;
  /** Results. */
  readonly out: (text: string) => void;
  /** Diagnostics. */
  readonly err: (text: string) => void;
  /** Writes a file that the user named. Throws ConfigurationError CAVRA-E219. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** True: stdout is a terminal that shows colour. */
  readonly colour: boolean;
  /** True: stdout is a terminal, with a person before it. */
  readonly isTerminal: boolean;
  /** True: stderr is a terminal, so progress may be shown. */
  readonly progress: boolean;
  readonly version: string;
  readonly nodeVersion: string;
  /** What threads of a large verification run. */
  readonly threadProgram: URL;
  /** What runs this program again: Node and its script. */
  readonly program: readonly string[];
  readonly pid: number;
  /** Of this machine, as Node names them. */
  readonly platform: string;
  readonly arch: string;
  /** Calls back when the process is told to stop (SIGTERM, SIGINT) or to reload (SIGHUP). Returns what ends that. */
  readonly onSignal: (signal: (name: 'stop' | 'reload') => void) => () => void;
}

export interface Command {
  /** As typed, for example `gate` or `request new`. */
  readonly name: string;
  readonly summary: string;
  /** The arguments after the name, for the help, for example `[REQUEST…]`. */
  readonly synopsis: string;
  /** Longer explanation, printed by --help. */
  readonly details?: string;
  readonly options: readonly OptionDefinition[];
  /** How many arguments may stand beside the options. */
  readonly positionals: readonly [minimum: number, maximum: number];
  /**
   * @returns the exit status (interfaces.md)
   * @throws CavraError, which the entry file prints
   */
  readonly run: (terminal: Terminal, parsed: ParsedArguments) => Promise<number>;
}

/** `--format text|json`, the same on every command. */
export const FORMAT: OptionDefinition = {
  name: 'format',
  kind: 'value',
  placeholder: 'text|json',
  choices: ['text', 'json'],
  default: 'text',
  description: 'text for people, json for programs (stable)',
};

/** The value of an option, its variable or its default; an empty text counts as not given. */
export function optionValue(
  terminal: Terminal,
  parsed: ParsedArguments,
  definition: OptionDefinition,
): { readonly text: string; readonly label: string } | undefined {
  const typed = parsed.values.get(definition.name);
  if (typed !== undefined && typed !== '') return { text: typed, label: `--${definition.name}` };
  const variable = definition.environment === undefined ? undefined : terminal.environment[definition.environment];
  if (variable !== undefined && variable !== '') return { text: variable, label: definition.environment ?? '' };
  return definition.default === undefined ? undefined : { text: definition.default, label: 'default' };
}

export function wantsJson(parsed: ParsedArguments): boolean {
  return parsed.values.get('format') === 'json';
}

/** A value as JSON text, two-space indent, final line end. */
export function jsonText(value: unknown): string {
  return quietJson(`${JSON.stringify(value, null, 2)}\n`);
}

/** The same JSON, in which no CI platform finds a command (`##[…]`, `##vso[…]`): it reads them anywhere in a line. */
export function quietJson(json: string): string {
  // A `#` stands in strings only.
  return json.replaceAll('##', '#\\u0023');
}

/** @throws ConfigurationError CAVRA-E217 when the option is not given */
export function requiredOption(parsed: ParsedArguments, name: string): string {
  const text = parsed.values.get(name);
  if (text === undefined || text === '') throw new ConfigurationError('CAVRA-E217', `--${name} is required`);
  return text;
}
