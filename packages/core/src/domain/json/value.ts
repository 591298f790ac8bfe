/**
 * JSON as `parseStrictJson` gives it: nothing rounded, nothing dropped, and no name that means something to JavaScript.
 *
 * - a number without fraction and exponent is a `bigint`, any other one a `JsonDecimal` that keeps its spelling
 * - an object is a `JsonObject` over a map, so that a member `__proto__` is a member like any other
 */
export type JsonValue = null | boolean | string | bigint | JsonDecimal | readonly JsonValue[] | JsonObject;

/** A number with a fraction or an exponent, as it was written. It is within the range of a double. */
export class JsonDecimal {
  readonly raw: string;

  constructor(raw: string) {
    this.raw = raw;
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(this.raw);
  }
}

/** An object: unique names in the order in which they were written. */
export class JsonObject {
  readonly members: ReadonlyMap<string, JsonValue>;

  constructor(members: ReadonlyMap<string, JsonValue>) {
    this.members = members;
  }

  get size(): number {
    return this.members.size;
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  /** The member's value; `undefined` when there is no such member. */
  get(name: string): JsonValue | undefined {
    return this.members.get(name);
  }

  names(): IterableIterator<string> {
    return this.members.keys();
  }

  entries(): IterableIterator<[string, JsonValue]> {
    return this.members.entries();
  }
}

export function isJsonList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** What a value is, for "expected a string, found …". Never its content, which may be a secret. */
export function describeJson(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'true or false';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'bigint') return 'an integer';
  if (value instanceof JsonDecimal) return 'a number with a fraction or exponent';
  return isJsonList(value) ? 'a list' : 'an object';
}
