import { ConfigurationError } from '../domain/diagnosis.ts';

/** Reads an adapter's own inputs and gathers what is wrong with them, so that every mistake is reported at once. */
export class InputReader {
  /** The text of an input without blanks around it; undefined when it is not given. */
  readonly text: (name: string) => string | undefined;
  readonly #problems: string[] = [];

  constructor(text: (name: string) => string | undefined) {
    this.text = text;
  }

  flag(name: string, whenAbsent: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === 'true' || text === 'false') return text === 'true';
    if (text !== undefined) this.#problems.push(`input ${name} must be true or false`);
    return whenAbsent;
  }

  /** @param range smallest and largest value */
  integer(name: string, [minimum, maximum]: readonly [number, number]): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    this.#problems.push(`input ${name} must be a whole number from ${minimum} to ${maximum}`);
    return undefined;
  }

  /** @param expected what `pattern` asks for, in words */
  matching(name: string, pattern: RegExp, expected: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || pattern.test(text)) return text;
    this.#problems.push(`input ${name} must be ${expected}`);
    return undefined;
  }

  /** @param choices the first one stands for an input that is not given, or is none of them */
  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined)
      this.#problems.push(`input ${name} must be one of ${choices.join(', ')}`);
    return found ?? choices[0];
  }

  /**
   * Reads the rest, and then reports everything that is wrong.
   *
   * @throws ConfigurationError CAVRA-E201
   */
  together<T>(read: () => T): T {
    try {
      const value = read();
      if (this.#problems.length === 0) return value;
    } catch (error) {
      if (this.#problems.length === 0 || !(error instanceof ConfigurationError)) throw error;
      throw new ConfigurationError('CAVRA-E201', [error.message, ...this.#problems].join('; '));
    }
    throw new ConfigurationError('CAVRA-E201', this.#problems.join('; '));
  }
}
