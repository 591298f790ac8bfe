import {
  APPROVAL_DECISIONS,
  APPROVAL_PREDICATE_TYPE,
  PREDICATE_MEMBERS,
  STATEMENT_TYPE,
} from '../../packages/core/src/domain/approvals/statement.ts';
import { PROVIDERS } from '../../packages/core/src/domain/identity/sources.ts';
import { MAX_APPROVAL_TEXT_LENGTH, MAX_CHECKPOINT_SUBJECTS } from '../../packages/core/src/domain/limits.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a signed approval: the text of schemas/approval.schema.json. A reader asks for more: the exact bytes of
 * its one encoding, a period that ends after it begins, and subjects of different names.
 */
export function approvalJsonSchema(): string {
  return `${JSON.stringify(STATEMENT, null, 2)}\n`;
}

const TEXT: Schema = { type: 'string', minLength: 1, maxLength: MAX_APPROVAL_TEXT_LENGTH };
const TEXT_OR_NULL: Schema = { type: ['string', 'null'], minLength: 1, maxLength: MAX_APPROVAL_TEXT_LENGTH };
const TIME: Schema = { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' };
const SHA256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}

const FILE = object({ name: TEXT, digest: object({ sha256: SHA256 }) });
const COMMIT = object({
  name: { type: 'string', pattern: '^git:(?:[0-9a-f]{40}|[0-9a-f]{64})$' },
  digest: object({ gitCommit: { type: 'string', pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$' } }),
});

const MEMBERS: Readonly<Record<(typeof PREDICATE_MEMBERS)[number], Schema>> = {
  decision: { enum: APPROVAL_DECISIONS },
  provider: { enum: PROVIDERS },
  issuer: TEXT_OR_NULL,
  repository: TEXT,
  repository_id: TEXT_OR_NULL,
  run_id: { ...TEXT_OR_NULL, description: 'The one run that may use it; null: every run within its period.' },
  target: { ...TEXT_OR_NULL, description: 'As the request file has it.' },
  release_version: { ...TEXT_OR_NULL, description: 'As the request file has it.' },
  metadata_kind: { ...TEXT_OR_NULL, description: 'As the request file has it.' },
  reason: {
    type: 'string',
    maxLength: MAX_APPROVAL_TEXT_LENGTH,
    not: { pattern: '[^\\s@]@[^\\s@]' },
    description: 'Empty where none is given; no e-mail address.',
  },
  not_before: TIME,
  not_after: TIME,
  nonce: { type: 'string', pattern: '^[0-9a-f]{32}$' },
};

const STATEMENT: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:approval:1',
  title: 'Release-governance approval',
  description: 'The in-toto statement that an approver signs with ssh-keygen.',
  ...object({
    _type: { const: STATEMENT_TYPE },
    subject: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_CHECKPOINT_SUBJECTS,
      prefixItems: [{ ...FILE, description: 'The request file.' }],
      items: { anyOf: [FILE, COMMIT] },
      description: 'The request, the commit where one is named, and the artifacts.',
    },
    predicateType: { const: APPROVAL_PREDICATE_TYPE },
    predicate: object(Object.fromEntries(PREDICATE_MEMBERS.map((name) => [name, MEMBERS[name]]))),
  }),
};
