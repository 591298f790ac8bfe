/**
 * What a setting's text must be. `count` is a whole number, `seconds` one of seconds, `list` has one entry a line, `trust-file` is a file
 * that says whom to trust, which `FILE@sha256:HEX` pins; `authorities`: see `readAuthorities`. `http-url` may be without TLS.
 */
export type SettingKind =
  | 'text'
  | 'list'
  | 'flag'
  | 'choice'
  | 'count'
  | 'seconds'
  | 'path'
  | 'trust-file'
  | 'authorities'
  | 'sha256'
  | 'https-url'
  | 'http-url';

/**
 * Who may choose a setting. `trust`: says who or what is believed; `expectation`: says what counts as a pass. Adapters take both from
 * inputs only, and a pull request may not override either (docs/threat-model.md#what-an-earlier-step-cannot-choose). `plain`: anyone who
 * configures the job.
 */
export type SettingRole = 'plain' | 'trust' | 'expectation';

/** One setting: how it is called, what it may be, and what it is when nothing is given. */
export interface SettingDefinition {
  /** kebab-case: the option (`--name`) and the GitHub input; `snakeCase` and `camelCase` give the other platforms' spelling. */
  readonly name: string;
  /** The command line's option where it is not the name. */
  readonly option?: string;
  /** A second name that adapters take for the same. */
  readonly alias?: string;
  readonly environment?: string;
  readonly kind: SettingKind;
  readonly role: SettingRole;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** For `count` and `seconds`. */
  readonly range?: readonly [minimum: number, maximum: number];
  /** A word that is taken beside what the kind allows. */
  readonly word?: string;
  /** What stands for the value in help texts, for example `FILE`. */
  readonly placeholder?: string;
  readonly description: string;
}

/** Where a setting's text came from, for error messages. */
export interface GivenSetting {
  readonly text: string;
  /** For example `--auth`, `CAVRA_RUNNER_AUTH` or `input auth`. */
  readonly label: string;
}

/** Looks up what was given for a setting; undefined: nothing. What an empty text means is for the reader of the table to say. */
export type SettingLookup = (definition: SettingDefinition) => GivenSetting | undefined;

/** Looks settings up among an adapter's inputs. */
export function inputLookup(
  inputName: (setting: string) => string,
  read: (input: string) => string | undefined,
): SettingLookup {
  return ({ name }) => ({ text: read(inputName(name)) ?? '', label: `input ${inputName(name)}` });
}

/** The words that a `choice` may be, its further one included. */
export function choicesOf({ choices = [], word }: SettingDefinition): readonly string[] {
  return word === undefined ? choices : [...choices, word];
}

/** `expected-decision` -> `expected_decision`: the spelling of GitLab's inputs. */
export function snakeCase(name: string): string {
  return name.replaceAll('-', '_');
}

/** `expected-decision` -> `expectedDecision`: the spelling of Azure's inputs. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
