import {
  CHECKPOINT_MEMBER,
  CHECKPOINT_SCHEMA_VERSION,
  STATEMENT_TYPE,
  VERIFICATION_SUMMARY_TYPE,
  VERIFIER_ID,
} from '../../packages/core/src/domain/checkpoint/statement.ts';
import { IDENTITY_FIELDS } from '../../packages/core/src/domain/identity/sources.ts';
import {
  MAX_CHECKPOINT_KEY_IDS,
  MAX_CHECKPOINT_SUBJECTS,
  MAX_KEY_ID_LENGTH,
  MAX_SUBJECT_NAME_LENGTH,
} from '../../packages/core/src/domain/limits.ts';
import { MAX_PROOF_HASHES } from '../../packages/core/src/domain/merkle/merkle-proof.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a checkpoint's statement, which is the payload of its DSSE envelope: the text of
 * schemas/checkpoint.schema.json. A reader asks for more: subjects of different names, the digests of the files as subjects, and
 * PASSED only for an authenticated allow.
 */
export function checkpointJsonSchema(): string {
  return `${JSON.stringify(STATEMENT, null, 2)}\n`;
}

const SHA256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const TEXT: Schema = { type: 'string' };
const TEXTS: Schema = { type: 'array', items: TEXT };
const COUNT: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const TIME: Schema = { type: 'string', format: 'date-time' };

function nullable(schema: Schema, description: string): Schema {
  return { description, anyOf: [schema, { type: 'null' }] };
}

/** Members that are not named may be added by later versions. */
function object(properties: Readonly<Record<string, Schema>>, required = Object.keys(properties)): Schema {
  return { type: 'object', required, properties };
}

const PREVIOUS = object({
  statement_sha256: { ...SHA256, description: 'Of the DSSE payload of the checkpoint before.' },
  stream_id: SHA256,
  record_count: COUNT,
  consistency: nullable(
    { type: 'array', maxItems: MAX_PROOF_HASHES, items: SHA256 },
    'The proof of RFC 6962 section 2.1.2 that this stream only grew since; null: it is of another stream.',
  ),
});

const CLAIMS = object({
  schema_version: { const: CHECKPOINT_SCHEMA_VERSION },
  stream_id: { ...SHA256, description: 'record_hash of record 1.' },
  record_count: COUNT,
  head_hash: { ...SHA256, description: 'record_hash of the last record.' },
  merkle_root: {
    ...SHA256,
    description: 'Root of the Merkle tree of RFC 6962 section 2.1 whose leaves are the 32 bytes of each record_hash.',
  },
  first_timestamp: TEXT,
  last_timestamp: TEXT,
  evidence_key_ids: { ...TEXTS, maxItems: MAX_CHECKPOINT_KEY_IDS },
  attestation_key_id: { type: 'string', minLength: 1, maxLength: MAX_KEY_ID_LENGTH },
  files: object({
    claims: nullable(SHA256, 'Of runner-auth-claims.json; null: there is none.'),
    response: nullable(SHA256, 'Of release-governance-response.json; null: there is none.'),
    stream: SHA256,
  }),
  decision: { enum: ['allow', 'require_approval', 'block'], description: 'The worst of the stream.' },
  rule_id: TEXT,
  authentication: nullable(
    object({ method: TEXT, key_id: TEXT, verified: TEXTS, unverified: TEXTS }),
    'How the runner proved who it is, and which claims; null: it did not.',
  ),
  identity: object(Object.fromEntries(IDENTITY_FIELDS.map((field) => [field, TEXT])), []),
  verifier: object({
    name: TEXT,
    version: TEXT,
    sha256: nullable(SHA256, 'Of the entry file of the program that decided.'),
  }),
  policy: object({
    sha256: nullable(SHA256, 'Of the trust policy; null: what passes by default.'),
    rules: { type: 'string', description: 'strict or compatible.' },
  }),
  previous_checkpoint: nullable(PREVIOUS, 'The checkpoint that this one refers to.'),
});

const SUBJECT = object({
  name: { type: 'string', minLength: 1, maxLength: MAX_SUBJECT_NAME_LENGTH },
  digest: {
    oneOf: [
      object({ sha256: SHA256 }),
      object({ gitCommit: { type: 'string', pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$' } }),
    ],
  },
});

const STATEMENT: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:checkpoint:1',
  title: 'Release-governance checkpoint',
  description: 'The in-toto statement of a checkpoint: the payload of the DSSE envelope in its Sigstore bundle.',
  ...object({
    _type: { const: STATEMENT_TYPE },
    subject: { type: 'array', minItems: 1, maxItems: MAX_CHECKPOINT_SUBJECTS, items: SUBJECT },
    predicateType: { const: VERIFICATION_SUMMARY_TYPE },
    predicate: object({
      verifier: object({ id: { const: VERIFIER_ID } }),
      timeVerified: TIME,
      resourceUri: TEXT,
      policy: { type: 'object' },
      verificationResult: { enum: ['PASSED', 'FAILED'] },
      verifiedLevels: TEXTS,
      [CHECKPOINT_MEMBER]: CLAIMS,
    }),
  }),
};
