import type { Environment } from './environment.ts';

/**
 * An input of an action, without blanks around it; undefined when it is not given. The runner sets `INPUT_<NAME>` for every input that
 * action.yml declares, given or not, so that a step before cannot slip one in.
 */
export function inputText(environment: Environment, name: string): string | undefined {
  const text = environment[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim();
  return text === '' ? undefined : text;
}

/** Reads inputs and gathers what is wrong with them, so that every mistake is reported at once. */
export class InputReader {
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | undefined {
    return inputText(this.#environment, name);
  }

  /** One item a line; blank lines do not count. */
  lines(name: string): readonly string[] {
    const lines = this.text(name)?.split(/\r?\n/) ?? [];
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined || text === 'true' || text === 'false')
      return text === undefined ? whenAbsent : text === 'true';
    this.problems.push(`input ${name} must be true or false`);
    return whenAbsent;
  }

  /** @param range smallest and largest value */
  integer(name: string, [minimum, maximum]: readonly [number, number]): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    this.problems.push(`input ${name} must be a whole number from ${minimum} to ${maximum}`);
    return undefined;
  }

  /** @param expected what `pattern` asks for, in words */
  matching(name: string, pattern: RegExp, expected: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || pattern.test(text)) return text;
    this.problems.push(`input ${name} must be ${expected}`);
    return undefined;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined)
      this.problems.push(`input ${name} must be one of ${choices.join(', ')}`);
    return found;
  }
}
