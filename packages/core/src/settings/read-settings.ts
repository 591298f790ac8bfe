import { hasBrokenPin } from '../domain/pull-request/pin.ts';
import { choicesOf, type GivenSetting, type SettingDefinition, type SettingLookup } from './definition.ts';

/** What was read by a table of settings. */
export interface ReadSettings<Name extends string> {
  /** Checked texts by name, defaults included. */
  readonly values: Map<Name, string>;
  /** Settings that were given other than by default, so that a pull request's choices can be told from the defaults. */
  readonly given: ReadonlySet<Name>;
  /** Everything that is wrong, a clause each, beginning with the label of the setting. */
  readonly problems: readonly string[];
}

/**
 * What a text without content means. `default`: nothing was given, because inputs that are not set arrive as one. `mistake`: a typed
 * option whose variable was not set; it must not switch a check off.
 */
export type EmptyText = 'default' | 'mistake';

/** Reads and checks the settings of a table; whoever calls it turns the problems into one error. */
export function readSettings<Name extends string>(
  table: readonly (SettingDefinition & { readonly name: Name })[],
  lookup: SettingLookup,
  whenEmpty: EmptyText = 'default',
): ReadSettings<Name> {
  const problems: string[] = [];
  const values = new Map<Name, string>();
  const given = new Set<Name>();
  for (const definition of table) {
    const found = whenEmpty === 'mistake' ? lookup(definition) : find(definition, lookup, problems);
    if (found === undefined || (whenEmpty === 'default' && found.text === '')) {
      if (definition.default !== undefined) values.set(definition.name, definition.default);
      continue;
    }
    const problem =
      whenEmpty === 'mistake' && isEmpty(definition, found.text) ? 'is empty' : problemOf(definition, found.text);
    if (problem !== undefined) {
      problems.push(`${found.label} ${problem}`);
      continue;
    }
    values.set(definition.name, found.text);
    if (found.text !== definition.default) given.add(definition.name);
  }
  return { values, given, problems };
}

/** By its name, or by the other one that adapters take; both at once are a mistake. */
function find(definition: SettingDefinition, lookup: SettingLookup, problems: string[]): GivenSetting | undefined {
  const named = lookup(definition);
  if (definition.alias === undefined) return named;
  const aliased = lookup({ ...definition, name: definition.alias });
  if (named?.text && aliased?.text) problems.push(`${named.label} and ${aliased.label} exclude each other`);
  return named?.text ? named : aliased;
}

/** Of several entries none may be empty either. */
function isEmpty({ kind }: SettingDefinition, text: string): boolean {
  const entries = kind === 'list' ? text.split('\n') : [text];
  return entries.some((entry) => entry.trim() === '');
}

/** Says what is wrong with a setting's text, or undefined. */
function problemOf(definition: SettingDefinition, text: string): string | undefined {
  if (text === definition.word) return undefined;
  const problem = PROBLEMS[definition.kind](text, definition);
  return problem === undefined || definition.word === undefined || definition.kind === 'choice'
    ? problem
    : `${problem}, or ${definition.word}`;
}

type ProblemOf = (text: string, definition: SettingDefinition) => string | undefined;

const PROBLEMS: Readonly<Record<SettingDefinition['kind'], ProblemOf>> = {
  text: () => undefined,
  list: () => undefined,
  choice: (text, definition) =>
    choicesOf(definition).includes(text) ? undefined : `must be one of ${choicesOf(definition).join(', ')}`,
  flag: (text) => (/^(true|false)$/i.test(text) ? undefined : 'must be true or false'),
  count: (text, definition) => numberProblem(text, definition, 'a whole number'),
  seconds: (text, definition) => numberProblem(text, definition, 'a whole number of seconds'),
  sha256: (text) => (/^[0-9a-fA-F]{64}$/.test(text) ? undefined : 'must be a SHA-256 of 64 hex digits'),
  'https-url': (text) => (isPlainUrl(text, ['https:']) ? undefined : 'must be an https URL without user and fragment'),
  'http-url': (text) =>
    isPlainUrl(text, ['https:', 'http:']) ? undefined : 'must be an http or https URL without user and fragment',
  path: (text) => (text.includes('\0') ? 'must not hold a zero byte' : undefined),
  'trust-file': (text) => (text.includes('\0') ? 'must not hold a zero byte' : pinProblem(text)),
  authorities: (text) => (text.includes('-----BEGIN') ? undefined : pinProblem(text)),
};

function numberProblem(text: string, { range }: SettingDefinition, what: string): string | undefined {
  const [minimum, maximum] = range ?? [0, Number.MAX_SAFE_INTEGER];
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return number >= minimum && number <= maximum ? undefined : `must be ${what} from ${minimum} to ${maximum}`;
}

function pinProblem(text: string): string | undefined {
  return hasBrokenPin(text) ? 'must end in 64 hex digits where @sha256: pins the file' : undefined;
}

function isPlainUrl(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.username === '' && url.password === '' && url.hash === '';
}

/** The entries of a `list`: one a line, without blanks around them. */
export function listEntries(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
