import { isJsonList, JsonDecimal, JsonObject, type JsonValue } from './value.ts';

/**
 * The value as plain JavaScript, for code that does not know `JsonValue`. Objects have no prototype, so that no inherited name is
 * ever found in them. An integer is a number where that is exact and stays a bigint beyond 2^53; a decimal is the nearest double.
 */
export function toPlain(value: JsonValue): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof JsonDecimal) return value.toNumber();
  if (value instanceof JsonObject) return plainObject(value);
  if (value !== null && typeof value === 'object' && isJsonList(value)) return value.map(toPlain);
  return value;
}

/** The members of an object as plain JavaScript; see `toPlain`. */
export function plainObject(object: JsonObject): Record<string, unknown> {
  const plain: Record<string, unknown> = Object.create(null);
  for (const [name, member] of object.entries()) {
    plain[name] = toPlain(member);
  }
  return plain;
}
