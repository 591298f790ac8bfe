import { decide } from '../domain/decision/rules.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { JsonError } from '../domain/json/error.ts';
import { oneLine } from '../domain/json/pointer.ts';
import { type PlainJson, prettyJson } from '../domain/json/pretty.ts';
import { lintRecord, type RequestWarningCode } from '../domain/request/lint.ts';
import { REQUEST_MEMBERS, type RequestMember } from '../domain/request/members.ts';
import { parseRequest, requestProblems } from '../domain/request/parse.ts';
import type { EvaluateRequest } from '../domain/wire/messages.ts';

/** A request of this run, and where it came from. */
export interface LoadedRequest {
  /** As it was given, or as the pattern found it; `<inline>` for an inline request. */
  readonly path: string;
  /** As read. */
  readonly bytes: Uint8Array;
  /** Without `runner_auth`. */
  readonly request: EvaluateRequest;
}

export type LintCode =
  /** It is not JSON, or not strict JSON. */
  | 'not_json'
  /** A member is unknown or of the wrong type. */
  | 'invalid_member'
  /** A member carries authentication or a trust setting. */
  | 'trust_member'
  | RequestWarningCode
  /** What the strict rules decide. */
  | 'strict_decision';

export interface LintFinding {
  /** `error`: the gate refuses the request. `warning`: most likely not what was meant. `note`: for information. */
  readonly level: 'error' | 'warning' | 'note';
  readonly code: LintCode;
  /** JSON Pointer of the member; the empty string is the whole request. */
  readonly path: string;
  /** Lower case, no final period; without the path. */
  readonly message: string;
}

/**
 * Checks a request file: whether the gate takes it, what in it is most likely a mistake, and what the strict rules decide. Without an
 * error the last finding is the decision.
 */
export function lintRequest(bytes: Uint8Array): readonly LintFinding[] {
  const errors = lintErrors(bytes);
  if (errors.length > 0) return errors;
  const request = parseRequest(bytes);
  const warnings = lintRecord(request).map((warning) => ({ level: 'warning', ...warning }) as const);
  const { decision, rule_id, reason } = decide(request, 'strict');
  const message = `the strict rules decide ${decision} by ${rule_id}: ${oneLine(reason).replace(/\.$/, '')}`;
  return [...warnings, { level: 'note', code: 'strict_decision', path: '', message }];
}

function lintErrors(bytes: Uint8Array): readonly LintFinding[] {
  try {
    return requestProblems(bytes).map(({ kind, path, problem }) => ({
      level: 'error',
      code: kind === 'trust' ? 'trust_member' : 'invalid_member',
      path,
      message: problem,
    }));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return [{ level: 'error', code: 'not_json', path: error.path, message: error.message }];
  }
}

/**
 * Writes a request file: JSON with two spaces of indent and a final line end, which `parseRequest` accepts.
 *
 * @param values texts by member name (REQUEST_MEMBERS), one each, several for a list; numbers in decimal, `true` or `false`
 * @throws ConfigurationError CAVRA-E204 naming every value that does not fit its member
 */
export function newRequest(values: ReadonlyMap<string, readonly string[]>): string {
  const problems: string[] = [];
  const request = membersOf('request', values, problems);
  const record = membersOf('record', values, problems);
  for (const name of values.keys()) {
    if (!REQUEST_MEMBERS.some((member) => member.name === name)) problems.push(`${name} is not a member of a request`);
  }
  if (problems.length > 0) throw new ConfigurationError('CAVRA-E204', problems.join('; '));
  const recorded = Object.keys(record).length > 0 ? { release_governance: record } : {};
  const text = prettyJson({ action_type: 'release_governance_record', ...request, ...recorded });
  parseRequest(Buffer.from(text), 'the new request');
  return text;
}

function membersOf(
  of: RequestMember['of'],
  values: ReadonlyMap<string, readonly string[]>,
  problems: string[],
): Record<string, PlainJson> {
  const members: [string, PlainJson][] = [];
  for (const member of REQUEST_MEMBERS) {
    const texts = values.get(member.name);
    if (member.of !== of || texts === undefined || texts.length === 0) continue;
    const value = readTexts(member, texts);
    if (value === undefined) problems.push(`${member.name} must be ${EXPECTED[member.type]}`);
    else members.push([member.name, value]);
  }
  return Object.fromEntries(members);
}

const EXPECTED: Readonly<Record<RequestMember['type'], string>> = {
  string: 'given once',
  boolean: 'true or false, once',
  int64: 'a decimal integer, once',
  'string-list': 'a list',
};

function readTexts({ type }: RequestMember, texts: readonly string[]): PlainJson | undefined {
  if (type === 'string-list') return texts;
  const [text = ''] = texts;
  if (texts.length !== 1) return undefined;
  if (type === 'string') return text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return /^-?[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
}
