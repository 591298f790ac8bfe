import {
  DECISION_RESPONSE,
  EVALUATE_REQUEST,
  EVIDENCE_EVENT_TYPE,
  EVIDENCE_PRODUCT,
  EVIDENCE_SCHEMA_VERSION,
  type FieldLayout,
  type FieldType,
  RUNNER_AUTH,
  RUNNER_IDENTITY,
  type StructLayout,
} from '../wire/layout.ts';

/**
 * The grammar of most evidence lines as regular expressions, made from the layout tables: V8 compiles them to machine code that reads a
 * line several times faster than the scanner of `grammar.ts`. They match less than the scanner accepts and nothing that it refuses; a
 * line that they do not match is the scanner's to judge.
 *
 * They are for lines decoded as latin1, so that a character is a byte and an offset is an offset. Every alternative begins with another
 * character than what may follow instead of it: matching never takes more than one way through a line, whatever the line holds.
 */

/** A byte that stands for itself in a string: printable ASCII and DEL, but for `"` `&` `<` `>` and the backslash. */
const PLAIN = String.raw`[ !#-%'-;=?-\[\]-\x7f]`;
const CONTINUATION = String.raw`[\x80-\xbf]`;

/** What else may be in a string: canonical escapes, and well-formed UTF-8 (RFC 3629 section 4) but for U+2028 and U+2029. */
const OTHER = [
  String.raw`\\(?:["\\bfnrt]|u(?:00(?:0[0-8bcef]|1[0-9a-f]|26|3[ce])|202[89]))`,
  `[\\xc2-\\xdf]${CONTINUATION}`,
  `\\xe0[\\xa0-\\xbf]${CONTINUATION}`,
  `\\xe2(?:\\x80[\\x80-\\xa7\\xaa-\\xbf]|[\\x81-\\xbf]${CONTINUATION})`,
  `\\xed[\\x80-\\x9f]${CONTINUATION}`,
  `[\\xe1\\xe3-\\xec\\xee\\xef]${CONTINUATION}{2}`,
  `\\xf0[\\x90-\\xbf]${CONTINUATION}{2}`,
  `[\\xf1-\\xf3]${CONTINUATION}{3}`,
  `\\xf4[\\x80-\\x8f]${CONTINUATION}{2}`,
].join('|');

const STRING = `"${PLAIN}*(?:(?:${OTHER})${PLAIN}*)*"`;
const STRING_WITH_CONTENT = `(?!"")${STRING}`;
/** Written out, since V8 counts the rounds of `{64}` one by one. */
const HASH = `"${'[0-9a-f]'.repeat(64)}"`;
const RECORD_ID = `"${'[0-9a-f]'.repeat(24)}"`;

/** Values of members that are left out when empty; integers stay below the 19 digits at which int64 ends. */
const VALUES: Readonly<Record<Exclude<FieldType, StructLayout>, string>> = {
  string: STRING_WITH_CONTENT,
  int64: '-?[1-9][0-9]{0,17}',
  boolean: 'true',
  'string-list': String.raw`\[${STRING}(?:,${STRING})*\]`,
};

/**
 * The pieces of a line. They end where a reader wants to know what stands: each is matched behind the one before, the last one up to
 * the end of the line. A record without a rule or a hash is the scanner's. Made when they are asked for: most runs never need them.
 */
export function recordPieces() {
  return {
    /** With what the format fixes, and the request up to the runner's identity, or its end when there is none. */
    head: [
      String.raw`\{"schema_version":"${literal(EVIDENCE_SCHEMA_VERSION)}","product":"${literal(EVIDENCE_PRODUCT)}"`,
      `,"event_type":"${literal(EVIDENCE_EVENT_TYPE)}","record_id":${RECORD_ID},"sequence":[1-9][0-9]{0,14}`,
      `(?:,"previous_hash":${HASH})?,"record_hash":${HASH},"timestamp":"[-0-9T:.]{19,29}Z"`,
      String.raw`,"request":\{${anyOf(fieldsBefore(EVALUATE_REQUEST, 'runner_auth'))}(?:"runner_auth":\{"identity":)?`,
    ].join(''),
    identity: object(RUNNER_IDENTITY),
    behindIdentity: String.raw`${optional(fieldsBehind(RUNNER_AUTH, 'identity'))}\}\},"response":`,
    withoutRunner: String.raw`\},"response":`,
    /** The response up to its rule. */
    beforeRule: String.raw`\{${anyOf(fieldsBefore(DECISION_RESPONSE, 'rule_id'))}"rule_id":`,
    rule: `${STRING_WITH_CONTENT},"decision":`,
    decision: String.raw`"(?:allow|require_approval|block)"${optional(fieldsBehind(DECISION_RESPONSE, 'decision'))}\}`,
    end: String.raw`(?:,"signature":\{"algorithm":"HMAC-SHA256"(?:,"key_id":${STRING_WITH_CONTENT})?,"value":${HASH}\})?\}$`,
  };
}

function object({ fields }: StructLayout): string {
  return String.raw`\{${anyOf(fields)}\}`;
}

/** Any of the members in their order at the start of an object. Each comma has to see to it itself that a member follows. */
function anyOf(fields: readonly FieldLayout[]): string {
  return fields.map((field) => `(?:${member(field)}(?:,(?=")|(?=\\})))?`).join('');
}

/** Any of the members in their order behind another one. */
function optional(fields: readonly FieldLayout[]): string {
  return fields.map((field) => `(?:,${member(field)})?`).join('');
}

function fieldsBefore({ fields }: StructLayout, name: string): readonly FieldLayout[] {
  return fields.slice(0, indexOf(fields, name));
}

function fieldsBehind({ fields }: StructLayout, name: string): readonly FieldLayout[] {
  return fields.slice(indexOf(fields, name) + 1);
}

function indexOf(fields: readonly FieldLayout[], name: string): number {
  const index = fields.findIndex((field) => field.name === name);
  if (index < 0) {
    throw new TypeError(`no member ${name} to match around`);
  }
  return index;
}

function member({ name, type }: FieldLayout): string {
  return `"${name}":${typeof type === 'string' ? VALUES[type] : object(type)}`;
}

function literal(text: string): string {
  return text.replaceAll('.', String.raw`\.`);
}
