import { MAX_OUTCOME_REQUESTS } from '../../packages/core/src/domain/limits.ts';
import { OUTCOME_SCHEMA_VERSION } from '../../packages/core/src/domain/outcome/outcome.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of one line of `release-governance-outcome.jsonl`: the text of schemas/outcome.schema.json. A reader asks for
 * more: the members in this order and spelled as the stream's lines are, no contradiction, and agreement with the stream.
 */
export function outcomeJsonSchema(): string {
  return `${JSON.stringify(OUTCOME, null, 2)}\n`;
}

const SHA256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const TEXT: Schema = { type: 'string' };
const FLAG: Schema = { type: 'boolean' };
const COUNT: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const TIME: Schema = { type: 'string', format: 'date-time' };
const DECISION: Schema = { enum: ['allow', 'require_approval', 'block'] };
const TEXTS_BY_NAME: Schema = { type: 'object', additionalProperties: TEXT };

function nullable(schema: Schema, description: string): Schema {
  return { description, anyOf: [schema, { type: 'null' }] };
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

const REQUEST = object({
  path: { ...TEXT, description: 'From the workspace; request-json for the inline request.' },
  sha256: nullable(SHA256, 'Of the exact bytes.'),
  record_id: nullable(TEXT, 'Of its record; null: none was made.'),
  decision: nullable(DECISION, 'Of its record.'),
  rule_id: nullable(TEXT, 'Of its record.'),
  expected: DECISION,
  met: { ...FLAG, description: 'Whether the decision was the expected one, of a runner that is trusted.' },
  trust_rule: nullable(TEXT, 'The rule of the trust policy that let the runner pass.'),
  approvals: nullable({ type: 'object' }, 'The approvals that counted, summed up.'),
});

const STREAM = object({
  id: { ...SHA256, description: 'record_hash of record 1.' },
  first_sequence: { ...COUNT, description: '1, unless the folder holds an excerpt of a log that others write too.' },
  previous_hash: nullable(SHA256, 'Null, unless the folder holds such an excerpt.'),
  records: COUNT,
  head_hash: SHA256,
});

const RUNNER = object({
  provider: TEXT,
  method: { enum: ['oidc', 'hmac', 'none'] },
  issuer: nullable(TEXT, 'Of the token.'),
  key_id: nullable(TEXT, 'Of the key that signed the proof.'),
  key_pinned: nullable(FLAG, 'Whether the keyring pins the bytes of the HMAC key.'),
  proven: {
    ...TEXTS_BY_NAME,
    description: 'Claims of the verified token; under HMAC what the keyring binds to the key.',
  },
  asserted: { ...TEXTS_BY_NAME, description: 'What only the job says.' },
});

const OUTCOME: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:outcome:1',
  title: 'Release-governance outcome',
  description: 'What one run of the gate established: one line of release-governance-outcome.jsonl.',
  ...object({
    schema_version: { const: OUTCOME_SCHEMA_VERSION },
    verdict: { enum: ['pass', 'fail'], description: 'pass exactly where exit_status is 0.' },
    exit_status: { type: 'integer', minimum: 0, maximum: 6 },
    diagnosis: nullable(object({ code: TEXT, message: TEXT }), 'The first cause of a failure.'),
    started_at: TIME,
    finished_at: TIME,
    requests: {
      type: 'array',
      maxItems: MAX_OUTCOME_REQUESTS,
      items: REQUEST,
      description: 'Every request that was asked for, answered or not.',
    },
    stream: nullable(STREAM, 'The stream at the end of the run.'),
    runner: RUNNER,
    trust: object({
      policy_sha256: nullable(SHA256, 'Of the trust policy; null: what passes by default.'),
      rules: { enum: ['strict', 'compatible'] },
      expected_decision: DECISION,
      expected_rule_id: nullable(TEXT, 'The rule that had to decide.'),
      settings_from: { enum: ['inputs', 'arguments', 'environment'] },
    }),
    network: object({
      proxy: nullable(TEXT, 'host:port of what stood between this job and the platform.'),
      ca_certificates_sha256: nullable(SHA256, 'Of the certificate authorities that were added.'),
    }),
    verifier: object({ name: TEXT, version: TEXT, sha256: nullable(SHA256, 'Of the program.') }),
    signature: nullable(
      object({ algorithm: { const: 'HMAC-SHA256' }, key_id: TEXT, value: SHA256 }),
      'By the evidence key; null: there is none.',
    ),
  }),
};
