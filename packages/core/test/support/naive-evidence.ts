import { createHash, createHmac } from 'node:crypto';

/**
 * Section 5 of wire-format.md written a second time, as plainly as possible and sharing nothing with the product: it reads a line with
 * JSON.parse, writes it again by its own list of members, and compares. Slow, and meant to be.
 */

const IDENTITY = 'provider repository workflow run_id run_attempt ref sha actor job runner_name'.split(' ');
const AUTH = ['identity', 'algorithm', 'key_id', 'signature'];
const GOVERNANCE = (
  'metadata_kind release_channel release_version approval_state approval_id approval_required_count# delivery_success? ' +
  'failed_providers failed_delivery_count# connector_delivery_failure_count# alert_level drift_status handoff_status ' +
  'blocked_count# critical_count# breached_count# drifted_endpoint_count# missing_target_count# evidence_refs ' +
  'connector_delivery_source verification_status integrity_status failed_verification_count# integrity_failure_count# ' +
  'audit_export_status rollback_reference_count#'
)
  .replace(/[#?]/g, '')
  .split(' ');
const REQUEST =
  'session_id agent_id actor action_type target requested_operation policy_pack release_governance runner_auth'.split(
    ' ',
  );
const RESPONSE = (
  'decision_id session_id agent_id actor action_type target requested_operation policy_pack policy_id rule_id decision ' +
  'severity reason evidence_refs approver_group timestamp correlation_id'
).split(' ');
const RECORD =
  'schema_version product event_type record_id sequence previous_hash record_hash timestamp request response signature'.split(
    ' ',
  );
const SIGNATURE = ['algorithm', 'key_id', 'value'];

const ORDER: Record<string, readonly string[]> = {
  '': RECORD,
  request: REQUEST,
  'request.release_governance': GOVERNANCE,
  'request.runner_auth': AUTH,
  'request.runner_auth.identity': IDENTITY,
  response: RESPONSE,
  signature: SIGNATURE,
};

type Json = string | boolean | Integer | readonly Json[] | { readonly [name: string]: Json };
/** A number as its own digits, since JSON.parse would round it. */
interface Integer {
  readonly $integer: string;
}
export type NaiveObject = { readonly [name: string]: Json };

/** Parses one line; integers come back as `{$integer}`. */
export function naiveParse(line: string): NaiveObject {
  const marked = line.replace(/"(?:[^"\\]|\\.)*"|-?\d+/g, (token) =>
    token.startsWith('"') ? token : `{"$integer":"${token}"}`,
  );
  return JSON.parse(marked) as NaiveObject;
}

/** Writes a parsed value again, in wire order; a member without a place in the order is an error. */
export function naiveEncode(value: Json, path = ''): string {
  if (typeof value === 'string') {
    return naiveString(value);
  }
  if (typeof value === 'boolean') {
    return value ? 'true' : 'false';
  }
  if (Array.isArray(value)) {
    return `[${value.map((item: Json) => naiveEncode(item, path)).join(',')}]`;
  }
  if (isInteger(value)) {
    return value.$integer;
  }
  const object = value as NaiveObject;
  const order = ORDER[path];
  if (order === undefined) {
    throw new Error(`no object belongs at ${path}`);
  }
  for (const name of Object.keys(object)) {
    if (!order.includes(name)) {
      throw new Error(`no member ${name} belongs at ${path}`);
    }
  }
  return `{${order
    .filter((name) => Object.hasOwn(object, name))
    .map((name) => `${naiveString(name)}:${naiveEncode(object[name] as Json, path === '' ? name : `${path}.${name}`)}`)
    .join(',')}}`;
}

function naiveString(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const short = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\' }[code];
    if (short !== undefined) {
      out += short;
    } else if (code < 32 || '<>&\u2028\u2029'.includes(character)) {
      out += `\\u${code.toString(16).padStart(4, '0')}`;
    } else {
      out += code >= 0xd800 && code <= 0xdfff ? '\ufffd' : character;
    }
  }
  return `"${out}"`;
}

function isInteger(value: Json): value is Integer {
  return typeof value === 'object' && '$integer' in value;
}

export interface NaiveKey {
  readonly id: string;
  readonly secret: Uint8Array | string;
}

/** The text whose SHA-256 is the record's hash. */
export function naiveHashInput(record: NaiveObject): string {
  const { record_hash: _hash, signature: _signature, ...rest } = record;
  return naiveEncode(rest);
}

export function naiveHash(record: NaiveObject): string {
  return createHash('sha256').update(naiveHashInput(record)).digest('hex');
}

export function naiveMac(key: NaiveKey, previousHash: string, recordHash: string): string {
  const text = ['cavra.go-daemon.evidence.v1', previousHash, recordHash].join('\n');
  return createHmac('sha256', key.secret).update(text).digest('hex');
}

/** Reads a whole signed stream and returns what is wrong with it; an empty list means valid. */
export function naiveVerify(stream: string, key: NaiveKey): string[] {
  const faults: string[] = [];
  let previous = '';
  stream
    .split('\n')
    .slice(0, -1)
    .forEach((line, index) => {
      const record = naiveParse(line);
      const hash = naiveHash(record);
      const { sequence, previous_hash, record_hash, signature } = record as Record<string, NaiveObject | string>;
      const { key_id, value } = signature as NaiveObject;
      const checks: Record<string, boolean> = {
        'same bytes when written again': naiveEncode(record) === line,
        sequence: (sequence as unknown as Integer).$integer === String(index + 1),
        previous_hash: (previous_hash ?? '') === previous,
        record_hash: record_hash === hash,
        key_id: (key_id ?? '') === key.id,
        signature: value === naiveMac(key, previous, hash),
      };
      for (const [name, holds] of Object.entries(checks)) {
        if (!holds) {
          faults.push(`record ${index + 1}: ${name}`);
        }
      }
      previous = hash;
    });
  return faults;
}
