import { CLAIMS_FILE, RESPONSE_FILE, STREAM_FILE } from '../evidence/files.ts';
import { IDENTITY_FIELDS } from '../identity/sources.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import type { JsonValue } from '../json/value.ts';
import {
  MAX_CHECKPOINT_BYTES,
  MAX_CHECKPOINT_KEY_IDS,
  MAX_CHECKPOINT_SUBJECTS,
  MAX_SUBJECT_NAME_LENGTH,
} from '../limits.ts';
import { MAX_PROOF_HASHES } from '../merkle/merkle-proof.ts';
import { parseInstant } from '../time/instant.ts';
import type { RunnerIdentity } from '../wire/messages.ts';
import { CheckpointError } from './error.ts';
import { Members } from './members.ts';
import {
  CHECKPOINT_MEMBER,
  CHECKPOINT_SCHEMA_VERSION,
  type CheckpointClaims,
  type CheckpointStatement,
  type PreviousCheckpoint,
  STATEMENT_TYPE,
  type Subject,
  VERIFICATION_SUMMARY_TYPE,
  VERIFIER_ID,
} from './statement.ts';

const GIT_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;
const DECISIONS = ['allow', 'require_approval', 'block'] as const;

/**
 * Reads the statement of a checkpoint. Members that are not known are left alone, as in-toto asks for: later versions may say more.
 * What is known has its type, and the statement does not contradict itself.
 *
 * @throws CheckpointError unreadable
 */
export function readStatement(bytes: Uint8Array): CheckpointStatement {
  const statement = new Members(parseJson(bytes));
  statement.exactly('_type', STATEMENT_TYPE);
  statement.exactly('predicateType', VERIFICATION_SUMMARY_TYPE);
  const subjects = readSubjects(statement);
  const predicate = statement.object('predicate');
  predicate.object('verifier').exactly('id', VERIFIER_ID);
  const result = predicate.oneOf('verificationResult', ['PASSED', 'FAILED']);
  const timeMs = parseInstant(predicate.text('timeVerified')) ?? predicate.refuse('timeVerified', 'a time of RFC 3339');
  const claims = readClaims(predicate.object(CHECKPOINT_MEMBER));
  if (result === 'PASSED' && (claims.decision !== 'allow' || claims.authentication === null)) {
    predicate.refuse('verificationResult', 'FAILED for what is no authenticated allow');
  }
  requireFileSubjects(statement, subjects, claims);
  return { subjects, timeMs, result, claims };
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_CHECKPOINT_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CheckpointError('unreadable', error.message, { cause: error });
  }
}

function readSubjects(statement: Members): readonly Subject[] {
  const subjects = statement.objects('subject', MAX_CHECKPOINT_SUBJECTS).map(readSubject);
  if (new Set(subjects.map(({ name }) => name)).size !== subjects.length) {
    statement.refuse('subject', 'subjects of different names');
  }
  return subjects;
}

function readSubject(subject: Members): Subject {
  const name = subject.text('name');
  if (name === '' || name.length > MAX_SUBJECT_NAME_LENGTH) {
    subject.refuse('name', `a name of at most ${MAX_SUBJECT_NAME_LENGTH} characters`);
  }
  const digest = subject.object('digest');
  if (digest.value('gitCommit') === undefined) return { name, sha256: digest.sha256('sha256') };
  const gitCommit = digest.text('gitCommit');
  return GIT_COMMIT.test(gitCommit) ? { name, gitCommit } : digest.refuse('gitCommit', 'the hash of a git commit');
}

function readClaims(claims: Members): CheckpointClaims {
  const files = claims.object('files');
  const authentication = claims.objectOrNull('authentication');
  const verifier = claims.object('verifier');
  const policy = claims.object('policy');
  claims.exactly('schema_version', CHECKPOINT_SCHEMA_VERSION);
  return {
    schema_version: CHECKPOINT_SCHEMA_VERSION,
    stream_id: claims.sha256('stream_id'),
    record_count: claims.count('record_count', 1),
    head_hash: claims.sha256('head_hash'),
    merkle_root: claims.sha256('merkle_root'),
    first_timestamp: claims.text('first_timestamp'),
    last_timestamp: claims.text('last_timestamp'),
    evidence_key_ids: claims.texts('evidence_key_ids', MAX_CHECKPOINT_KEY_IDS),
    attestation_key_id: claims.text('attestation_key_id'),
    files: {
      claims: files.sha256OrNull('claims'),
      response: files.sha256OrNull('response'),
      stream: files.sha256('stream'),
    },
    decision: claims.oneOf('decision', DECISIONS),
    rule_id: claims.text('rule_id'),
    authentication:
      authentication === null
        ? null
        : {
            method: authentication.text('method'),
            key_id: authentication.text('key_id'),
            verified: authentication.texts('verified', IDENTITY_FIELDS.length),
            unverified: authentication.texts('unverified', IDENTITY_FIELDS.length),
          },
    identity: readIdentity(claims.object('identity')),
    verifier: {
      name: verifier.text('name'),
      version: verifier.text('version'),
      sha256: verifier.sha256OrNull('sha256'),
    },
    policy: { sha256: policy.sha256OrNull('sha256'), rules: policy.text('rules') },
    previous_checkpoint: readPrevious(claims.objectOrNull('previous_checkpoint')),
  };
}

function readIdentity(identity: Members): RunnerIdentity {
  const fields = IDENTITY_FIELDS.map((field) => [field, identity.optionalText(field)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== ''));
}

function readPrevious(previous: Members | null): PreviousCheckpoint | null {
  if (previous === null) return null;
  return {
    statement_sha256: previous.sha256('statement_sha256'),
    stream_id: previous.sha256('stream_id'),
    record_count: previous.count('record_count', 1),
    consistency: previous.hashesOrNull('consistency', MAX_PROOF_HASHES),
  };
}

/** The files are named twice, for in-toto's tools and for ours: both must say the same. */
function requireFileSubjects(statement: Members, subjects: readonly Subject[], { files }: CheckpointClaims): void {
  const expected = [
    [CLAIMS_FILE, files.claims],
    [RESPONSE_FILE, files.response],
    [STREAM_FILE, files.stream],
  ] as const;
  for (const [name, sha256] of expected) {
    const subject = subjects.find((each) => each.name === name);
    const found = subject === undefined ? null : 'sha256' in subject ? subject.sha256 : undefined;
    if (found !== sha256) statement.refuse('subject', `with the digest of ${name} that the checkpoint has`);
  }
}
