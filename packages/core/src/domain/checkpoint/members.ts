import { jsonPointer, printable } from '../json/pointer.ts';
import { describeJson, isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { CheckpointError } from './error.ts';

const SHA256_HEX = /^[0-9a-f]{64}$/u;

/** Reads the members of one object of a document that is signed, or that could be: each has the type that it must have, or it is no checkpoint. */
export class Members {
  readonly #object: JsonObject;
  readonly #path: readonly (string | number)[];

  constructor(value: JsonValue | undefined, path: readonly (string | number)[] = []) {
    if (!(value instanceof JsonObject)) throw wrong(path, 'an object', value);
    this.#object = value;
    this.#path = path;
  }

  value(name: string): JsonValue | undefined {
    return this.#object.get(name);
  }

  object(name: string): Members {
    return new Members(this.value(name), this.#at(name));
  }

  /** Null where the member is null, and must be there. */
  objectOrNull(name: string): Members | null {
    return this.value(name) === null ? null : this.object(name);
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw wrong(this.#at(name), 'a string', value);
    return value;
  }

  /** Absent and empty are the same. */
  optionalText(name: string): string {
    return this.value(name) === undefined ? '' : this.text(name);
  }

  exactly(name: string, expected: string): void {
    if (this.text(name) !== expected) throw wrong(this.#at(name), expected, this.value(name));
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const text = this.text(name);
    const word = words.find((each) => each === text);
    if (word === undefined) throw wrong(this.#at(name), `one of ${words.join(', ')}`, this.value(name));
    return word;
  }

  sha256(name: string): string {
    const text = this.text(name);
    if (!SHA256_HEX.test(text)) throw wrong(this.#at(name), '64 lower-case hex digits', text);
    return text;
  }

  sha256OrNull(name: string): string | null {
    return this.value(name) === null ? null : this.sha256(name);
  }

  /** A whole number from `minimum` to what a double holds exactly. */
  count(name: string, minimum: number): number {
    const value = this.value(name);
    const isCount = typeof value === 'bigint' && value >= BigInt(minimum) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    if (!isCount) throw wrong(this.#at(name), `a whole number of at least ${minimum}`, value);
    return Number(value);
  }

  list(name: string, maximum: number): readonly JsonValue[] {
    const value = this.value(name);
    if (value === undefined || value === null || typeof value !== 'object' || !isJsonList(value)) {
      throw wrong(this.#at(name), 'a list', value);
    }
    if (value.length > maximum) throw wrong(this.#at(name), `a list of at most ${maximum} items`, value);
    return value;
  }

  texts(name: string, maximum: number): readonly string[] {
    return this.list(name, maximum).map((item, index) => {
      if (typeof item !== 'string') throw wrong([...this.#at(name), index], 'a string', item);
      return item;
    });
  }

  /** Hashes of 64 hex digits, or null. */
  hashesOrNull(name: string, maximum: number): readonly string[] | null {
    if (this.value(name) === null) return null;
    const hashes = this.texts(name, maximum);
    if (!hashes.every((hash) => SHA256_HEX.test(hash))) throw wrong(this.#at(name), 'a list of SHA-256', undefined);
    return hashes;
  }

  objects(name: string, maximum: number): readonly Members[] {
    return this.list(name, maximum).map((item, index) => new Members(item, [...this.#at(name), index]));
  }

  refuse(name: string, expected: string): never {
    throw wrong(this.#at(name), expected, this.value(name));
  }

  #at(name: string): readonly (string | number)[] {
    return [...this.#path, name];
  }
}

/** Says where and what was expected, never what stands there. */
function wrong(path: readonly (string | number)[], expected: string, found: JsonValue | undefined): CheckpointError {
  const where = path.length === 0 ? 'it' : printable(jsonPointer(path));
  const what = found === undefined ? '' : `, found ${describeJson(found)}`;
  return new CheckpointError('unreadable', `${where} must be ${expected}${what}`);
}
