import { printableName } from '../text/printable.ts';
import { jsonPointer } from './pointer.ts';
import { describeJson, isJsonList, JsonObject, type JsonValue } from './value.ts';

const SHA256_HEX = /^[0-9a-f]{64}$/u;

/** The error of the document that is read, with this message. */
export type Refusal = (message: string) => Error;

/** Reads the members of one object of a document: each has the type that it must have, or the whole document is refused. */
export class Members {
  readonly #object: JsonObject;
  readonly #refusal: Refusal;
  readonly #path: readonly (string | number)[];

  constructor(value: JsonValue | undefined, refusal: Refusal, path: readonly (string | number)[] = []) {
    if (!(value instanceof JsonObject)) throw wrong(refusal, path, 'an object', value);
    this.#object = value;
    this.#refusal = refusal;
    this.#path = path;
  }

  value(name: string): JsonValue | undefined {
    return this.#object.get(name);
  }

  object(name: string): Members {
    return new Members(this.value(name), this.#refusal, this.#at(name));
  }

  /** Null where the member is null, and must be there. */
  objectOrNull(name: string): Members | null {
    return this.value(name) === null ? null : this.object(name);
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw this.#wrong(this.#at(name), 'a string', value);
    return value;
  }

  textOrNull(name: string): string | null {
    return this.value(name) === null ? null : this.text(name);
  }

  flag(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== 'boolean') throw this.#wrong(this.#at(name), 'true or false', value);
    return value;
  }

  /** All members, each of which is a text. */
  textMap(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#object.names()].map((name) => [name, this.text(name)]));
  }

  /** All members, each of which is a text, a whole number, true, false or null. */
  scalars(): Readonly<Record<string, string | number | boolean | null>> {
    return Object.fromEntries([...this.#object.names()].map((name) => [name, this.#scalar(name)]));
  }

  #scalar(name: string): string | number | boolean | null {
    const value = this.value(name);
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    return this.count(name, 0);
  }

  /** Absent and empty are the same. */
  optionalText(name: string): string {
    return this.value(name) === undefined ? '' : this.text(name);
  }

  exactly(name: string, expected: string): void {
    if (this.text(name) !== expected) throw this.#wrong(this.#at(name), expected, this.value(name));
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const text = this.text(name);
    const word = words.find((each) => each === text);
    if (word === undefined) throw this.#wrong(this.#at(name), `one of ${words.join(', ')}`, this.value(name));
    return word;
  }

  sha256(name: string): string {
    const text = this.text(name);
    if (!SHA256_HEX.test(text)) throw this.#wrong(this.#at(name), '64 lower-case hex digits', text);
    return text;
  }

  sha256OrNull(name: string): string | null {
    return this.value(name) === null ? null : this.sha256(name);
  }

  /** A whole number from `minimum` to what a double holds exactly. */
  count(name: string, minimum: number): number {
    const value = this.value(name);
    const isCount = typeof value === 'bigint' && value >= BigInt(minimum) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    if (!isCount) throw this.#wrong(this.#at(name), `a whole number of at least ${minimum}`, value);
    return Number(value);
  }

  list(name: string, maximum: number): readonly JsonValue[] {
    const value = this.value(name);
    if (value === undefined || value === null || typeof value !== 'object' || !isJsonList(value)) {
      throw this.#wrong(this.#at(name), 'a list', value);
    }
    if (value.length > maximum) throw this.#wrong(this.#at(name), `a list of at most ${maximum} items`, value);
    return value;
  }

  texts(name: string, maximum: number): readonly string[] {
    return this.list(name, maximum).map((item, index) => {
      if (typeof item !== 'string') throw this.#wrong([...this.#at(name), index], 'a string', item);
      return item;
    });
  }

  /** Hashes of 64 hex digits, or null. */
  hashesOrNull(name: string, maximum: number): readonly string[] | null {
    if (this.value(name) === null) return null;
    const hashes = this.texts(name, maximum);
    if (!hashes.every((hash) => SHA256_HEX.test(hash)))
      throw this.#wrong(this.#at(name), 'a list of SHA-256', undefined);
    return hashes;
  }

  objects(name: string, maximum: number): readonly Members[] {
    return this.list(name, maximum).map((item, index) => new Members(item, this.#refusal, [...this.#at(name), index]));
  }

  refuse(name: string, expected: string): never {
    throw this.#wrong(this.#at(name), expected, this.value(name));
  }

  #wrong(path: readonly (string | number)[], expected: string, found: JsonValue | undefined): Error {
    return wrong(this.#refusal, path, expected, found);
  }

  #at(name: string): readonly (string | number)[] {
    return [...this.#path, name];
  }
}

/** Says where and what was expected, never what stands there. */
function wrong(
  refusal: Refusal,
  path: readonly (string | number)[],
  expected: string,
  found: JsonValue | undefined,
): Error {
  const where = path.length === 0 ? 'it' : printableName(jsonPointer(path));
  const what = found === undefined ? '' : `, found ${describeJson(found)}`;
  return refusal(`${where} must be ${expected}${what}`);
}
