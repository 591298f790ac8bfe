import { JsonObject, type JsonValue } from '../json/value.ts';
import { type Path, KeyringProblems as Problems } from '../keys/keyring-problems.ts';

/** Reads members of one object; what is wrong goes to the problems, and a stand-in comes back. */
export class ObjectReader {
  readonly #object: JsonObject;
  readonly #path: Path;
  readonly #problems: Problems;

  constructor(object: JsonObject, path: Path, problems: Problems) {
    this.#object = object;
    this.#path = path;
    this.#problems = problems;
  }

  refuseOthers(names: readonly string[]): void {
    this.#problems.refuseOthers(this.#object, names, this.#path);
  }

  wrong(name: string, problem: string): void {
    this.#problems.add([...this.#path, name], problem);
  }

  value(name: string): JsonValue | undefined {
    return this.#object.get(name);
  }

  object(name: string): ObjectReader {
    const value = this.value(name);
    if (value instanceof JsonObject) {
      return new ObjectReader(value, [...this.#path, name], this.#problems);
    }
    this.#problems.wrongType([...this.#path, name], 'an object', value);
    // Members of what is not there are not missed a second time.
    return new ObjectReader(new JsonObject(new Map()), [...this.#path, name], new Problems());
  }

  optionalObject(name: string): ObjectReader | undefined {
    return this.value(name) === undefined ? undefined : this.object(name);
  }

  text(name: string, form: RegExp, problem: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') {
      this.#problems.wrongType([...this.#path, name], 'a string', value);
      return '';
    }
    if (!form.test(value)) {
      this.wrong(name, problem);
    }
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.value(name) === undefined ? undefined : this.text(name, /^[^\0]+$/u, 'must not be empty');
  }

  path(name: string): string {
    return this.text(name, /^[^\0]+$/u, 'must be a path');
  }

  optionalNumber(name: string, minimum: number, maximum: number): number | undefined {
    const value = this.value(name);
    if (value === undefined) {
      return undefined;
    }
    if (typeof value === 'bigint' && value >= BigInt(minimum) && value <= BigInt(maximum)) {
      return Number(value);
    }
    this.wrong(name, `must be a whole number from ${minimum} to ${maximum}`);
    return undefined;
  }

  choice<T extends string>(name: string, choices: readonly T[], standard: T | undefined): T {
    const value = this.value(name);
    const found = choices.find((choice) => choice === value) ?? (value === undefined ? standard : undefined);
    if (found === undefined) {
      this.wrong(name, `must be one of ${choices.join(', ')}`);
    }
    return found ?? (choices[0] as T);
  }
}
