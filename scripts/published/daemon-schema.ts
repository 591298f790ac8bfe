import {
  DAEMON_SCHEMA_VERSION,
  GROUP_FORM,
  type ISSUER_MEMBERS,
  ISSUER_PROVIDERS,
  LIMITS,
  MAX_GROUP_ID,
  MAX_ISSUERS,
  MAX_TOKEN_AGE_SECONDS,
  NAME_FORM,
  REQUIRED_MEMBERS,
  SHA256_FORM,
} from '../../packages/core/src/domain/daemon/configuration.ts';
import { KEY_ID_FORM, VARIABLE_FORM } from '../../packages/core/src/domain/keys/keyring-key.ts';
import { MAX_KEY_ID_LENGTH } from '../../packages/core/src/domain/limits.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a daemon's configuration, made of the tables that the parser follows: the text of
 * schemas/daemon.schema.json. The parser asks for more: issuers that are complete and pinned once, and a way to authenticate runners.
 */
export function daemonJsonSchema(): string {
  return `${JSON.stringify(DAEMON_SCHEMA, null, 2)}\n`;
}

const PATH: Schema = { type: 'string', minLength: 1 };

function object(required: readonly string[], properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, required, properties };
}

const SECRET: Schema = {
  oneOf: [
    object(['env'], { env: { type: 'string', pattern: VARIABLE_FORM.source } }),
    object(['file'], { file: PATH }),
  ],
};

const ISSUER_PROPERTIES: Readonly<Record<(typeof ISSUER_MEMBERS)[number], Schema>> = {
  provider: { enum: ISSUER_PROVIDERS, description: 'The only provider that the issuer’s tokens speak for.' },
  issuer: { type: 'string', minLength: 1, description: 'Compared exactly. Without it, the platform’s public issuer.' },
  audience: { type: 'string', minLength: 1, description: 'Compared exactly. Without it, the platform’s default.' },
  jwks_url: { type: 'string', minLength: 1, description: 'https address of the issuer’s keys.' },
  jwks_file: { ...PATH, description: 'The issuer’s keys as a file, instead of jwks_url.' },
  max_token_age_seconds: { type: 'integer', minimum: 1, maximum: MAX_TOKEN_AGE_SECONDS },
};

function limit(name: keyof typeof LIMITS, description: string): Schema {
  const { minimum, maximum, standard } = LIMITS[name];
  return { type: 'integer', minimum, maximum, default: standard, description };
}

const PROPERTIES: Readonly<Record<string, Schema>> = {
  schema_version: { const: DAEMON_SCHEMA_VERSION },
  name: {
    type: 'string',
    pattern: NAME_FORM.source,
    description: 'The name under which the daemon is asked: the audience of HMAC-SHA256-REQUEST proofs.',
  },
  socket: object(['path'], {
    path: { ...PATH, description: 'Unix socket; on Windows a named pipe (\\\\.\\pipe\\NAME).' },
    group: {
      oneOf: [
        { type: 'string', pattern: GROUP_FORM.source },
        { type: 'integer', minimum: 0, maximum: MAX_GROUP_ID },
      ],
      description: 'The group that may connect; without it, the daemon’s user alone.',
    },
  }),
  state_folder: { ...PATH, description: 'What the daemon must remember. Its user’s alone.' },
  evidence_folder: { ...PATH, description: 'The evidence, a folder for each run. Its user’s alone.' },
  keyring: {
    ...PATH,
    description: 'Its active evidence key signs; its runner keys check HMAC proofs where hmac allows those.',
  },
  signing_key: {
    ...object(['id', 'private_key'], {
      id: { type: 'string', minLength: 1, maxLength: MAX_KEY_ID_LENGTH, pattern: KEY_ID_FORM.source },
      private_key: SECRET,
    }),
    description: 'Ed25519, PKCS#8 in PEM: signs the answers. Jobs pin its public key.',
  },
  trust_policy: {
    ...object(['file'], { file: PATH, sha256: { type: 'string', pattern: SHA256_FORM.source } }),
    description: 'Who may pass, for which requests.',
  },
  issuers: {
    type: 'array',
    maxItems: MAX_ISSUERS,
    items: object(['provider'], ISSUER_PROPERTIES),
    description: 'Whose OIDC tokens are believed.',
  },
  hmac: {
    ...object([], {
      request_bound: { type: 'boolean', default: false, description: 'HMAC-SHA256-REQUEST.' },
      identity_only_key_id: {
        type: 'string',
        minLength: 1,
        pattern: KEY_ID_FORM.source,
        description:
          'HMAC-SHA256, for Go clients: the one runner key that may prove so, and nothing else. Such a proof can be copied to another request.',
      },
    }),
    description: 'Which HMAC proofs are accepted: none that is not named.',
  },
  rules: { enum: ['strict', 'compatible'], default: 'strict' },
  limits: object([], {
    connections: limit('connections', 'Connections at the same time.'),
    stream_records: limit('stream_records', 'Records of one run.'),
    remembered_proofs: limit(
      'remembered_proofs',
      'Proofs remembered until they expire; when that many are alive, no more are accepted.',
    ),
    evidence_days: limit(
      'evidence_days',
      'Days after its last record after which the evidence of a run is removed; without it, evidence is kept for ever.',
    ),
  }),
};

const DAEMON_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:cavra:release-governance:schema:daemon:1',
  title: 'Configuration of the resident release-governance daemon',
  description: 'Paths are relative to the folder of this file.',
  ...object(REQUIRED_MEMBERS, PROPERTIES),
};
