import { PROVIDERS } from '../../identity/sources.ts';
import { JsonError } from '../../json/error.ts';
import { Members } from '../../json/members.ts';
import { parseStrictJson } from '../../json/parse.ts';
import { plainObject } from '../../json/plain.ts';
import { JsonObject, type JsonValue } from '../../json/value.ts';
import {
  MAX_APPROVALS_LINE_BYTES,
  MAX_APPROVER_LISTS,
  MAX_APPROVERS_PER_LIST,
  MAX_CHECKPOINT_SUBJECTS,
  MAX_KEYS_PER_APPROVER,
  MAX_REQUIRED_APPROVALS,
  MAX_TRUST_POLICY_VALUES,
} from '../../limits.ts';
import { ApprovalError, notAnApproval } from '../error.ts';
import { APPROVAL_DECISIONS, type NamedDigest } from '../statement.ts';
import { APPROVAL_SOURCES, BINDINGS, EXCLUSIONS } from '../terms.ts';
import { parseApprovalTime } from '../times.ts';
import {
  APPROVALS_SCHEMA_VERSION,
  APPROVER_ROLES,
  type ApprovalsLine,
  type ApprovalsSummary,
  encodeApprovalsLine,
  type RecordedApproval,
  type RecordedApprover,
} from './line.ts';

/** People of all lists of a policy, and entries of a platform's list. */
const MAX_PEOPLE = MAX_APPROVER_LISTS * MAX_APPROVERS_PER_LIST;

/**
 * Reads a line of release-governance-approvals.jsonl. What is read is written again and compared, so that one line has one text.
 *
 * @param bytes without the line end
 * @throws ApprovalError
 */
export function readApprovalsLine(bytes: Uint8Array): ApprovalsLine {
  const line = readLine(new Members(parse(bytes), notAnApproval));
  if (!Buffer.from(encodeApprovalsLine(line), 'utf8').equals(bytes)) {
    throw new ApprovalError('it is not in its canonical form: members in order, none left out or added');
  }
  return line;
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_APPROVALS_LINE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ApprovalError(error.message, { cause: error });
  }
}

function readLine(line: Members): ApprovalsLine {
  line.exactly('schema_version', APPROVALS_SCHEMA_VERSION);
  return {
    schema_version: APPROVALS_SCHEMA_VERSION,
    request_sha256: line.sha256('request_sha256'),
    record_id: line.text('record_id'),
    judged_at: time(line, 'judged_at'),
    trust_rule: line.text('trust_rule'),
    policy: readPolicy(line.object('policy')),
    request: readRequest(line.object('request')),
    run: readRun(line.object('run')),
    artifacts: line.objects('artifacts', MAX_CHECKPOINT_SUBJECTS).map(readArtifact),
    starters: textsOrNull(line, 'starters'),
    authors: textsOrNull(line, 'authors'),
    approvers: line.objects('approvers', MAX_PEOPLE).map(readApprover),
    approvals: line.objects('approvals', MAX_PEOPLE).map(readApproval),
    remarks: line.texts('remarks', MAX_PEOPLE),
    summary: readApprovalsSummary(line.object('summary')),
  };
}

function readPolicy(policy: Members): ApprovalsLine['policy'] {
  return {
    required: policy.count('required', 1),
    sources: words(policy, 'sources', APPROVAL_SOURCES),
    exclude: words(policy, 'exclude', EXCLUSIONS),
    bind: policy.value('bind') === null ? null : words(policy, 'bind', BINDINGS),
    max_age_seconds: policy.count('max_age_seconds', 1),
    user_presence: policy.flag('user_presence'),
    user_verification: policy.flag('user_verification'),
    webauthn_origins: policy.texts('webauthn_origins', MAX_TRUST_POLICY_VALUES),
  };
}

function readRequest(request: Members): ApprovalsLine['request'] {
  return {
    name: request.textOrNull('name'),
    target: request.textOrNull('target'),
    release_version: request.textOrNull('release_version'),
    metadata_kind: request.textOrNull('metadata_kind'),
    required_count: request.count('required_count', 0),
  };
}

const ASSERTED = ['repository', 'commit', 'run_id'] as const;

function readRun(run: Members): ApprovalsLine['run'] {
  return {
    provider: run.oneOf('provider', PROVIDERS),
    issuer: run.textOrNull('issuer'),
    repository: run.text('repository'),
    repository_id: run.textOrNull('repository_id'),
    commit: run.textOrNull('commit'),
    run_id: run.textOrNull('run_id'),
    asserted: words(run, 'asserted', ASSERTED),
  };
}

function readArtifact(artifact: Members): NamedDigest {
  return { name: artifact.text('name'), sha256: artifact.sha256('sha256') };
}

function readApprover(approver: Members): RecordedApprover {
  return {
    name: approver.text('name'),
    roles: words(approver, 'roles', APPROVER_ROLES),
    ssh: approver.objects('ssh', MAX_KEYS_PER_APPROVER * MAX_REQUIRED_APPROVALS).map((key) => ({
      key: key.text('key'),
      valid_after: timeOrNull(key, 'valid_after'),
      valid_before: timeOrNull(key, 'valid_before'),
    })),
    valid_before: timeOrNull(approver, 'valid_before'),
    revoked_since: timeOrNull(approver, 'revoked_since'),
  };
}

function readApproval(approval: Members): RecordedApproval {
  const approver = approval.object('approver');
  const source = approval.oneOf('source', APPROVAL_SOURCES);
  const counted = approval.flag('counted');
  const whyNot = approval.textOrNull('why_not');
  if (counted !== (whyNot === null)) approval.refuse('why_not', 'null exactly where it counts');
  return {
    source,
    approver: { name: approver.textOrNull('name'), id: approver.textOrNull('id') },
    decision: approval.oneOf('decision', APPROVAL_DECISIONS),
    given_at: timeOrNull(approval, 'given_at'),
    bound_to: readTexts(approval, 'bound_to'),
    counted,
    why_not: whyNot,
    proof: readProof(approval.object('proof'), source === 'ssh'),
  };
}

function readProof(proof: Members, signed: boolean): RecordedApproval['proof'] {
  return signed
    ? { statement: proof.text('statement'), signature: proof.textOrNull('signature') }
    : { path: proof.text('path'), members: plainObject(objectOf(proof, 'members')) };
}

function readTexts(members: Members, name: string): Readonly<Record<string, string>> {
  const entries = [...objectOf(members, name).entries()].map(([key, value]) =>
    typeof value === 'string' ? ([key, value] as const) : members.refuse(name, 'an object of strings'),
  );
  return Object.fromEntries(entries);
}

function objectOf(members: Members, name: string): JsonObject {
  const value = members.value(name);
  return value instanceof JsonObject ? value : members.refuse(name, 'an object');
}

/** The summary, as it stands in an outcome as well. */
export function readApprovalsSummary(summary: Members): ApprovalsSummary {
  return {
    required: summary.count('required', 1),
    counted: summary.count('counted', 0),
    sources: words(summary, 'sources', APPROVAL_SOURCES),
    approvers: summary.texts('approvers', MAX_PEOPLE),
    emergency: summary.textOrNull('emergency'),
  };
}

function words<Word extends string>(members: Members, name: string, known: readonly Word[]): readonly Word[] {
  return members
    .texts(name, known.length)
    .map((text) => known.find((word) => word === text) ?? members.refuse(name, `a list of ${known.join(', ')}`));
}

function textsOrNull(members: Members, name: string): readonly string[] | null {
  return members.value(name) === null ? null : members.texts(name, MAX_PEOPLE);
}

function time(members: Members, name: string): string {
  const text = members.text(name);
  return parseApprovalTime(text) === undefined ? members.refuse(name, 'a time like 2026-11-27T09:00:00Z') : text;
}

function timeOrNull(members: Members, name: string): string | null {
  return members.value(name) === null ? null : time(members, name);
}
