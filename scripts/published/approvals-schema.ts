import { APPROVALS_SCHEMA_VERSION, APPROVER_ROLES } from '../../packages/core/src/domain/approvals/evidence/line.ts';
import { APPROVAL_DECISIONS } from '../../packages/core/src/domain/approvals/statement.ts';
import { APPROVAL_SOURCES, BINDINGS, EXCLUSIONS } from '../../packages/core/src/domain/approvals/terms.ts';
import { PROVIDERS } from '../../packages/core/src/domain/identity/sources.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a line of release-governance-approvals.jsonl: the text of schemas/approvals.schema.json. A reader asks
 * for more: the exact bytes of its one encoding.
 */
export function approvalsJsonSchema(): string {
  return `${JSON.stringify(LINE, null, 2)}\n`;
}

const TEXT: Schema = { type: 'string' };
const TEXTS: Schema = { type: 'array', items: TEXT };
const TIME: Schema = { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' };
const SHA256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const COUNT: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const FLAG: Schema = { type: 'boolean' };

function words(all: readonly string[]): Schema {
  return { type: 'array', items: { enum: all } };
}

function nullable(schema: Schema, description?: string): Schema {
  return { anyOf: [schema, { type: 'null' }], ...(description === undefined ? {} : { description }) };
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}

const APPROVER = object({
  name: TEXT,
  roles: words(APPROVER_ROLES),
  ssh: {
    type: 'array',
    items: object({ key: TEXT, valid_after: nullable(TIME), valid_before: nullable(TIME) }),
  },
  valid_before: nullable(TIME),
  revoked_since: nullable(TIME),
});

const PROOF: Schema = {
  oneOf: [
    { ...object({ statement: TEXT, signature: nullable(TEXT) }), description: 'Texts as they were handed over.' },
    {
      ...object({ path: TEXT, members: { type: 'object' } }),
      description: 'What was asked of the platform, and the members of its answer that were used.',
    },
  ],
};

const APPROVAL = object({
  source: { enum: APPROVAL_SOURCES },
  approver: object({ name: nullable(TEXT), id: nullable(TEXT, 'On the platform of the run.') }),
  decision: { enum: APPROVAL_DECISIONS },
  given_at: nullable(TIME),
  bound_to: { type: 'object', additionalProperties: TEXT },
  counted: { ...FLAG, description: 'An approval counts, a rejection stops, an emergency lets pass.' },
  why_not: nullable(TEXT, 'Null exactly where it counts.'),
  proof: PROOF,
});

const LINE: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:approvals:1',
  title: 'Release-governance approvals',
  description: 'How the approvals of one request were judged: a line of release-governance-approvals.jsonl.',
  ...object({
    schema_version: { const: APPROVALS_SCHEMA_VERSION },
    request_sha256: SHA256,
    record_id: { ...TEXT, description: 'Of the record that holds the decision.' },
    judged_at: TIME,
    trust_rule: { ...TEXT, description: 'The rule of the trust policy that asked for approvals.' },
    policy: object({
      required: { ...COUNT, minimum: 1 },
      sources: words(APPROVAL_SOURCES),
      exclude: words(EXCLUSIONS),
      bind: nullable(words(BINDINGS), 'Null: commit and request, and the artifacts where there are some.'),
      max_age_seconds: { ...COUNT, minimum: 1 },
      user_presence: FLAG,
      user_verification: FLAG,
      webauthn_origins: TEXTS,
    }),
    request: object({
      name: nullable(TEXT),
      target: nullable(TEXT),
      release_version: nullable(TEXT),
      metadata_kind: nullable(TEXT),
      required_count: COUNT,
    }),
    run: object({
      provider: { enum: PROVIDERS },
      issuer: nullable(TEXT),
      repository: TEXT,
      repository_id: nullable(TEXT),
      commit: nullable(TEXT),
      run_id: nullable(TEXT),
      asserted: { ...words(['repository', 'commit', 'run_id']), description: 'Which of these nobody proved.' },
    }),
    artifacts: { type: 'array', items: object({ name: TEXT, sha256: SHA256 }) },
    starters: nullable(TEXTS, 'Ids on the platform of the run; null: not known.'),
    authors: nullable(TEXTS, 'Likewise of what is released.'),
    approvers: { type: 'array', items: APPROVER, description: 'The list that was applied.' },
    approvals: { type: 'array', items: APPROVAL },
    remarks: TEXTS,
    summary: object({
      required: { ...COUNT, minimum: 1 },
      counted: COUNT,
      sources: words(APPROVAL_SOURCES),
      approvers: TEXTS,
      emergency: nullable(TEXT),
    }),
  }),
};
