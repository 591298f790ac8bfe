import { PROVIDERS } from '../identity/sources.ts';
import { JsonError } from '../json/error.ts';
import { Members } from '../json/members.ts';
import { parseStrictJson } from '../json/parse.ts';
import type { JsonValue } from '../json/value.ts';
import { MAX_APPROVAL_BYTES, MAX_APPROVAL_TEXT_LENGTH, MAX_CHECKPOINT_SUBJECTS } from '../limits.ts';
import { ApprovalError, notAnApproval } from './error.ts';
import { EMAIL_FORM } from './person-name.ts';
import {
  APPROVAL_DECISIONS,
  APPROVAL_PREDICATE_TYPE,
  type ApprovalPredicate,
  type ApprovalStatement,
  COMMIT_PREFIX,
  encodeApproval,
  type NamedDigest,
  STATEMENT_TYPE,
} from './statement.ts';
import { parseApprovalTime } from './times.ts';

const GIT_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;
const NONCE = /^[0-9a-f]{32}$/u;

/**
 * Reads an approval. What is read is written again and compared, so that one statement has one text: an unknown member, another order,
 * white space or another escape is refused.
 *
 * @throws ApprovalError
 */
export function readApproval(bytes: Uint8Array): ApprovalStatement {
  const document = new Members(parse(bytes), notAnApproval);
  document.exactly('_type', STATEMENT_TYPE);
  document.exactly('predicateType', APPROVAL_PREDICATE_TYPE);
  const statement = { ...readSubjects(document), predicate: readPredicate(document.object('predicate')) };
  if (!encodeApproval(statement).equals(bytes)) {
    throw new ApprovalError('it is not in its canonical form: one line, members in order, none left out or added');
  }
  return statement;
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_APPROVAL_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ApprovalError(error.message, { cause: error });
  }
}

function readSubjects(document: Members): Pick<ApprovalStatement, 'request' | 'commit' | 'artifacts'> {
  const [first, ...rest] = document.objects('subject', MAX_CHECKPOINT_SUBJECTS);
  if (first === undefined) return document.refuse('subject', 'a list that begins with the request');
  const [second] = rest;
  const commit = second === undefined ? null : readCommit(second);
  const artifacts = (commit === null ? rest : rest.slice(1)).map(readFile);
  const request = readFile(first);
  const names = [request, ...artifacts].map(({ name }) => name);
  if (new Set(names).size !== names.length) document.refuse('subject', 'a list of different names');
  return { request, commit, artifacts };
}

function readCommit(subject: Members): string | null {
  const digest = subject.object('digest');
  if (digest.value('gitCommit') === undefined) return null;
  const commit = digest.text('gitCommit');
  if (!GIT_COMMIT.test(commit)) digest.refuse('gitCommit', 'the hash of a git commit');
  subject.exactly('name', COMMIT_PREFIX + commit);
  return commit;
}

function readFile(subject: Members): NamedDigest {
  return { name: readText(subject, 'name'), sha256: subject.object('digest').sha256('sha256') };
}

function readPredicate(predicate: Members): ApprovalPredicate {
  const read: ApprovalPredicate = {
    decision: predicate.oneOf('decision', APPROVAL_DECISIONS),
    provider: predicate.oneOf('provider', PROVIDERS),
    issuer: readNullable(predicate, 'issuer'),
    repository: readText(predicate, 'repository'),
    repository_id: readNullable(predicate, 'repository_id'),
    run_id: readNullable(predicate, 'run_id'),
    target: readNullable(predicate, 'target'),
    release_version: readNullable(predicate, 'release_version'),
    metadata_kind: readNullable(predicate, 'metadata_kind'),
    reason: predicate.text('reason'),
    not_before: predicate.text('not_before'),
    not_after: predicate.text('not_after'),
    nonce: predicate.text('nonce'),
  };
  checkForms(predicate, read);
  return read;
}

function checkForms(predicate: Members, { reason, not_before, not_after, nonce }: ApprovalPredicate): void {
  const problem = reasonProblem(reason);
  if (problem !== undefined) predicate.refuse('reason', problem);
  if (!NONCE.test(nonce)) predicate.refuse('nonce', '32 lower-case hex digits');
  const from = parseApprovalTime(not_before) ?? predicate.refuse('not_before', 'a time like 2026-11-27T09:00:00Z');
  const until = parseApprovalTime(not_after) ?? predicate.refuse('not_after', 'a time like 2026-11-27T09:00:00Z');
  if (until <= from) predicate.refuse('not_after', 'later than not_before');
}

/** What a reason must be, where it is not; undefined: nothing is wrong. */
export function reasonProblem(reason: string): string | undefined {
  if (EMAIL_FORM.test(reason)) return 'a text without an e-mail address: the evidence would publish it';
  if (reason.length > MAX_APPROVAL_TEXT_LENGTH) return `a text of at most ${MAX_APPROVAL_TEXT_LENGTH} characters`;
  return undefined;
}

function readText(members: Members, name: string): string {
  const text = members.text(name);
  if (text === '' || text.length > MAX_APPROVAL_TEXT_LENGTH) {
    members.refuse(name, `a text of 1 to ${MAX_APPROVAL_TEXT_LENGTH} characters`);
  }
  return text;
}

function readNullable(members: Members, name: string): string | null {
  return members.value(name) === null ? null : readText(members, name);
}
