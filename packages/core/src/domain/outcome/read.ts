import { Buffer } from 'node:buffer';
import { JsonError } from '../json/error.ts';
import { Members } from '../json/members.ts';
import { parseStrictJson } from '../json/parse.ts';
import { MAX_OUTCOME_FILE_BYTES, MAX_OUTCOME_LINES, MAX_OUTCOME_REQUESTS } from '../limits.ts';
import { encodeOutcome } from './encode.ts';
import {
  OUTCOME_SCHEMA_VERSION,
  type Outcome,
  type OutcomeApprovals,
  type OutcomeRequest,
  type OutcomeSignature,
  type OutcomeStream,
} from './outcome.ts';

/** A file of outcomes is not one; the message says which line and why. */
export class OutcomeError extends Error {}

const LF = 0x0a;
const DECISIONS = ['allow', 'require_approval', 'block'] as const;

/**
 * Reads `release-governance-outcome.jsonl`. Each line is canonical, and says of itself nothing that contradicts it.
 *
 * @throws OutcomeError
 */
export function readOutcomes(bytes: Uint8Array): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start);
    const number = outcomes.length + 1;
    if (end < 0) throw new OutcomeError(`line ${number} has no line end`);
    if (number > MAX_OUTCOME_LINES) throw new OutcomeError(`there are more than ${MAX_OUTCOME_LINES} lines`);
    outcomes.push(readLine(bytes.subarray(start, end), number));
    start = end + 1;
  }
  if (outcomes.length === 0) throw new OutcomeError('there is no line');
  return outcomes;
}

function readLine(line: Uint8Array, number: number): Outcome {
  const refusal = (message: string) => new OutcomeError(`line ${number}: ${message}`);
  try {
    const outcome = outcomeOf(new Members(parseStrictJson(line, { maxBytes: MAX_OUTCOME_FILE_BYTES }), refusal));
    if (!Buffer.from(line).equals(Buffer.from(encodeOutcome(outcome), 'utf8'))) {
      throw new OutcomeError(`line ${number} is not spelled as the gate writes it`);
    }
    return outcome;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new OutcomeError(`line ${number}: ${error.message}`, { cause: error });
  }
}

function outcomeOf(line: Members): Outcome {
  line.exactly('schema_version', OUTCOME_SCHEMA_VERSION);
  const diagnosis = line.objectOrNull('diagnosis');
  const trust = line.object('trust');
  const network = line.object('network');
  const verifier = line.object('verifier');
  return {
    schema_version: OUTCOME_SCHEMA_VERSION,
    verdict: line.oneOf('verdict', ['pass', 'fail']),
    exit_status: line.count('exit_status', 0),
    diagnosis: diagnosis === null ? null : { code: diagnosis.text('code'), message: diagnosis.text('message') },
    started_at: line.text('started_at'),
    finished_at: line.text('finished_at'),
    requests: line.objects('requests', MAX_OUTCOME_REQUESTS).map(requestOf),
    stream: streamOf(line.objectOrNull('stream')),
    runner: runnerOf(line.object('runner')),
    trust: {
      policy_sha256: trust.sha256OrNull('policy_sha256'),
      rules: trust.oneOf('rules', ['strict', 'compatible']),
      expected_decision: trust.oneOf('expected_decision', DECISIONS),
      expected_rule_id: trust.textOrNull('expected_rule_id'),
      settings_from: trust.oneOf('settings_from', ['inputs', 'arguments', 'environment']),
    },
    network: {
      proxy: network.textOrNull('proxy'),
      ca_certificates_sha256: network.sha256OrNull('ca_certificates_sha256'),
    },
    verifier: {
      name: verifier.text('name'),
      version: verifier.text('version'),
      sha256: verifier.sha256OrNull('sha256'),
    },
    signature: signatureOf(line.objectOrNull('signature')),
  };
}

function requestOf(request: Members): OutcomeRequest {
  return {
    path: request.text('path'),
    sha256: request.sha256OrNull('sha256'),
    record_id: request.textOrNull('record_id'),
    decision: request.value('decision') === null ? null : request.oneOf('decision', DECISIONS),
    rule_id: request.textOrNull('rule_id'),
    expected: request.oneOf('expected', DECISIONS),
    met: request.flag('met'),
    trust_rule: request.textOrNull('trust_rule'),
    approvals: approvalsOf(request.objectOrNull('approvals')),
  };
}

function approvalsOf(approvals: Members | null): OutcomeApprovals | null {
  return approvals === null ? null : approvals.scalars();
}

function streamOf(stream: Members | null): OutcomeStream | null {
  if (stream === null) return null;
  return {
    id: stream.sha256('id'),
    first_sequence: stream.count('first_sequence', 1),
    previous_hash: stream.sha256OrNull('previous_hash'),
    records: stream.count('records', 1),
    head_hash: stream.sha256('head_hash'),
  };
}

function runnerOf(runner: Members): Outcome['runner'] {
  return {
    provider: runner.text('provider'),
    method: runner.oneOf('method', ['oidc', 'hmac', 'none']),
    issuer: runner.textOrNull('issuer'),
    key_id: runner.textOrNull('key_id'),
    key_pinned: runner.value('key_pinned') === null ? null : runner.flag('key_pinned'),
    proven: runner.object('proven').textMap(),
    asserted: runner.object('asserted').textMap(),
  };
}

function signatureOf(signature: Members | null): OutcomeSignature | null {
  if (signature === null) return null;
  signature.exactly('algorithm', 'HMAC-SHA256');
  return { algorithm: 'HMAC-SHA256', key_id: signature.text('key_id'), value: signature.sha256('value') };
}
