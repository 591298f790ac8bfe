import { APPROVALS_REFERENCE_PREFIX } from '../evidence/record-reference.ts';
import { isInt64 } from '../json/int64.ts';
import { jsonPointer } from '../json/pointer.ts';
import { describeJson, isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import type { FieldLayout, FieldType, StructLayout } from '../wire/layout.ts';
import { isTrustMember, plainName } from './trust-members.ts';

/** Something in a request that may not be there, or not like this. */
export interface RequestProblem {
  /** `trust`: it carries authentication or a trust setting. */
  readonly kind: 'invalid' | 'trust';
  /** JSON Pointer of the member; the empty string is the request itself. */
  readonly path: string;
  /** What is wrong with it, without the path: lower case, no final period. */
  readonly problem: string;
}

/** A member's value as the wire types have it; undefined: empty or wrong, so left out. */
type WireValue = string | bigint | boolean | readonly string[] | WireStruct | undefined;
export type WireStruct = { readonly [name: string]: WireValue };

type Path = readonly (string | number)[];

/**
 * Reads a JSON object by its layout (`domain/wire/layout.ts`): every member must be known and of its exact type. Empty values are
 * accepted and left out, as the wire leaves them out; an object stays, even when it is empty.
 *
 * @param problems gets everything that is wrong, not only the first; the result counts only when it stays empty
 */
export function readStruct(
  layout: StructLayout,
  value: JsonValue,
  problems: RequestProblem[],
  path: Path = [],
): WireStruct {
  if (!(value instanceof JsonObject)) {
    problems.push(wrongType(path, 'an object', value));
    return {};
  }
  refuseUnknownMembers(layout, value, problems, path);
  const members: [string, WireValue][] = [];
  for (const field of layout.fields) {
    const member = readField(field, value, problems, path);
    if (member !== undefined) members.push([field.name, member]);
  }
  return Object.fromEntries(members);
}

function readField(field: FieldLayout, object: JsonObject, problems: RequestProblem[], path: Path): WireValue {
  const value = object.get(field.name);
  const here = [...path, field.name];
  if (value !== undefined) return readValue(field.type, value, problems, here);
  if (field.presence === 'always') {
    problems.push({ kind: 'invalid', path: jsonPointer(here), problem: 'is missing' });
  }
  return undefined;
}

function readValue(type: FieldType, value: JsonValue, problems: RequestProblem[], path: Path): WireValue {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value || undefined;
      problems.push(wrongType(path, 'a string', value));
      return undefined;
    case 'boolean':
      if (typeof value === 'boolean') return value || undefined;
      problems.push(wrongType(path, 'true or false', value));
      return undefined;
    case 'int64':
      return readInt64(value, problems, path);
    case 'string-list':
      return readStringList(value, problems, path);
    default:
      return readStruct(type, value, problems, path);
  }
}

function readInt64(value: JsonValue, problems: RequestProblem[], path: Path): bigint | undefined {
  if (typeof value !== 'bigint') {
    problems.push(wrongType(path, 'an integer', value));
    return undefined;
  }
  if (!isInt64(value)) {
    problems.push({ kind: 'invalid', path: jsonPointer(path), problem: 'is beyond the range of a 64-bit integer' });
    return undefined;
  }
  return value || undefined;
}

function readStringList(value: JsonValue, problems: RequestProblem[], path: Path): readonly string[] | undefined {
  if (value === null || typeof value !== 'object' || !isJsonList(value)) {
    problems.push(wrongType(path, 'a list of strings', value));
    return undefined;
  }
  const texts: string[] = [];
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'string') problems.push(wrongType([...path, index], 'a string', item));
    else if (isApprovalsReference(item)) problems.push(approvalsReference([...path, index]));
    else texts.push(item);
  }
  return texts.length > 0 ? texts : undefined;
}

/** A request that brings such a reference could be taken for one whose approvals were judged. */
function isApprovalsReference(text: string): boolean {
  return text.trim().toLowerCase().startsWith(APPROVALS_REFERENCE_PREFIX);
}

function approvalsReference(path: Path): RequestProblem {
  const problem = `begins with ${APPROVALS_REFERENCE_PREFIX}, which only the gate may write`;
  return { kind: 'trust', path: jsonPointer(path), problem };
}

function refuseUnknownMembers(layout: StructLayout, object: JsonObject, problems: RequestProblem[], path: Path): void {
  const known = new Set(layout.fields.map(({ name }) => name));
  const spellings = new Map(layout.fields.map(({ name }) => [plainName(name), name]));
  for (const name of object.names()) {
    if (!known.has(name)) problems.push(unknownMember(name, path, spellings));
  }
}

function unknownMember(name: string, path: Path, spellings: ReadonlyMap<string, string>): RequestProblem {
  const pointer = jsonPointer([...path, name]);
  if (isTrustMember(name)) {
    const problem = 'is a setting of trust or authentication, which a request may not carry';
    return { kind: 'trust', path: pointer, problem };
  }
  const meant = spellings.get(plainName(name));
  const hint = meant === undefined ? '' : `; it is spelt ${meant}`;
  return { kind: 'invalid', path: pointer, problem: `is not a member of a request${hint}` };
}

function wrongType(path: Path, expected: string, found: JsonValue): RequestProblem {
  const problem = `must be ${expected}, found ${describeJson(found)}`;
  return { kind: 'invalid', path: jsonPointer(path), problem };
}
