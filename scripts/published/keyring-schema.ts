import { KEYRING_SCHEMA_VERSION } from '../../packages/core/src/domain/keys/keyring.ts';
import {
  ALGORITHM_OF,
  KEY_ALGORITHMS,
  KEY_ID_FORM,
  KEY_PURPOSES,
  KEY_STATUSES,
  VARIABLE_FORM,
} from '../../packages/core/src/domain/keys/keyring-key.ts';
import { MAX_KEY_ID_LENGTH, MAX_KEY_REPOSITORIES, MAX_KEYRING_KEYS } from '../../packages/core/src/domain/limits.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a keyring, made of the tables that the parser follows: the text of schemas/keyring.schema.json. The
 * parser asks for more: no id twice and no two active keys within a purpose, a period that does not end before it begins, and a public
 * key that is one.
 */
export function keyringJsonSchema(): string {
  return `${JSON.stringify(KEYRING_SCHEMA, null, 2)}\n`;
}

const TIME: Schema = { type: 'string', format: 'date-time' };

const SECRET: Schema = {
  description:
    'Where the secret is, never the secret itself. HMAC: the key. Ed25519: the private key, only where it signs.',
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['env'],
      properties: {
        env: {
          type: 'string',
          pattern: VARIABLE_FORM.source,
          description: 'An environment variable; the key is the UTF-8 bytes of its value.',
        },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['file'],
      properties: {
        file: {
          type: 'string',
          minLength: 1,
          description:
            'A file, relative to the folder of the keyring; the key is its bytes without one line end after them.',
        },
      },
    },
  ],
};

const KEY: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'purpose', 'algorithm', 'status'],
  properties: {
    id: {
      type: 'string',
      minLength: 1,
      maxLength: MAX_KEY_ID_LENGTH,
      pattern: KEY_ID_FORM.source,
      description: 'Unique within its purpose. An id that ends like 2026-q4 is reported when its quarter is past.',
    },
    purpose: { enum: KEY_PURPOSES, description: 'What the key signs.' },
    algorithm: { enum: KEY_ALGORITHMS },
    status: {
      enum: KEY_STATUSES,
      description:
        'active: signs and verifies, one per purpose. retiring: still accepted from runners. retired: verifies what it signed within its period. revoked: counts for nothing.',
    },
    secret: SECRET,
    public_key: { type: 'string', description: 'Ed25519: SubjectPublicKeyInfo in PEM.' },
    not_before: { ...TIME, description: 'First moment at which a signature counts.' },
    not_after: { ...TIME, description: 'First moment at which a signature no longer counts.' },
    revoked_at: {
      ...TIME,
      description:
        'When the key was compromised: records before it count only under a checkpoint that is older than this.',
    },
    repositories: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_KEY_REPOSITORIES,
      items: { type: 'string', minLength: 1, pattern: '^[^*]+$' },
      description: 'Runner keys: the exact repositories that the key may speak for; without it, any.',
    },
  },
  allOf: [
    ...KEY_PURPOSES.map((purpose) =>
      implies(hasValue('purpose', purpose), { properties: { algorithm: { const: ALGORITHM_OF[purpose] } } }),
    ),
    implies(hasValue('algorithm', 'HMAC-SHA256'), {
      required: ['secret'],
      properties: { secret: true, public_key: false },
    }),
    implies(hasValue('algorithm', 'Ed25519'), {
      required: ['public_key'],
      properties: { public_key: true, repositories: false },
    }),
    implies(hasValue('purpose', 'evidence'), { properties: { repositories: false } }),
    implies(
      { required: ['revoked_at'], properties: { revoked_at: true } },
      { properties: { status: { const: 'revoked' } } },
    ),
  ],
};

function hasValue(name: string, value: string): Schema {
  return { required: [name], properties: { [name]: { const: value } } };
}

function implies(condition: Schema, consequence: Schema): Schema {
  return { anyOf: [{ not: condition }, consequence] };
}

const KEYRING_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:keyring:1',
  title: 'Release-governance keyring',
  description: 'The keys that sign and verify, without their secrets.',
  type: 'object',
  additionalProperties: false,
  required: ['schema_version', 'keys'],
  properties: {
    schema_version: { const: KEYRING_SCHEMA_VERSION },
    keys: { type: 'array', maxItems: MAX_KEYRING_KEYS, items: KEY },
  },
};
