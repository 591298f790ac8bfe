import { createHash } from 'node:crypto';
import { RuntimeFailure } from '../diagnosis.ts';
import { isInt64 } from '../json/int64.ts';
import { DECISION_RESPONSE, EVALUATE_REQUEST, type FieldLayout, type StructLayout } from './layout.ts';
import type { DecisionResponse, EvaluateRequest } from './messages.ts';

/**
 * The canonical JSON of wire-format.md section 5. It is hashed and signed, so it is exact: members in layout order, no white space,
 * empty `when-set` members left out, integers as decimal int64, and one spelling for every string.
 */

/** What JSON.stringify leaves raw and the wire format escapes. */
const HTML_UNSAFE = /[<>&\u2028\u2029]/g;

/**
 * Encodes one value by its layout. Members that the layout does not name are not written.
 *
 * @throws RuntimeFailure CAVRA-E599 a member has another type than its layout says, or an integer is outside of int64
 */
export function encodeStruct(layout: StructLayout, value: object): string {
  let members = '';
  for (const field of layout.fields) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[field.name];
    if (field.presence === 'when-set' && isEmpty(member)) {
      continue;
    }
    members += `${members === '' ? '' : ','}"${field.name}":${encodeMember(layout, field, member)}`;
  }
  return `{${members}}`;
}

/** What is written as it is, which is nearly every string there is. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/u;

/** Encodes one string with its quotes. A lone surrogate becomes U+FFFD. */
export function encodeString(text: string): string {
  if (PLAIN.test(text)) {
    return `"${text}"`;
  }
  const json = JSON.stringify(text.toWellFormed());
  return json.replace(HTML_UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function encodeRequest(request: EvaluateRequest): string {
  return encodeStruct(EVALUATE_REQUEST, request);
}

export function encodeResponse(response: DecisionResponse): string {
  return encodeStruct(DECISION_RESPONSE, response);
}

/** SHA-256 of the request's JSON without `runner_auth`, lower-case hex (section 3, `request_sha256`). */
export function requestDigest(request: EvaluateRequest): string {
  const { runner_auth: _proof, ...question } = request;
  return createHash('sha256').update(encodeRequest(question)).digest('hex');
}

/** A struct is never empty: `release_governance` and `identity` stay as `{}`. */
function isEmpty(member: unknown): boolean {
  return (
    member === undefined ||
    member === null ||
    member === '' ||
    member === 0n ||
    member === false ||
    (Array.isArray(member) && member.length === 0)
  );
}

function encodeMember(layout: StructLayout, field: FieldLayout, member: unknown): string {
  const { type } = field;
  if (typeof type === 'object') {
    if (isPlainObject(member)) {
      return encodeStruct(type, member);
    }
  } else if (type === 'string') {
    if (typeof member === 'string') {
      return encodeString(member);
    }
  } else if (type === 'int64') {
    if (typeof member === 'bigint' && isInt64(member)) {
      return member.toString();
    }
  } else if (type === 'boolean') {
    if (typeof member === 'boolean') {
      return String(member);
    }
  } else if (isStringList(member)) {
    return `[${member.map(encodeString).join(',')}]`;
  }
  const expected = typeof type === 'object' ? 'an object' : `${type}`;
  throw new RuntimeFailure('CAVRA-E599', `${layout.name}.${field.name} cannot be encoded: expected ${expected}`);
}

function isPlainObject(member: unknown): member is object {
  return typeof member === 'object' && member !== null && !Array.isArray(member);
}

function isStringList(member: unknown): member is readonly string[] {
  return Array.isArray(member) && member.every((item) => typeof item === 'string');
}
