import { MAX_PERSON_NAME_LENGTH } from '../../packages/core/src/domain/approvals/person-name.ts';
import { SSH_KEY_TYPES } from '../../packages/core/src/domain/approvals/sshsig/public-key.ts';
import { APPROVAL_SOURCES, BINDINGS, EXCLUSIONS } from '../../packages/core/src/domain/approvals/terms.ts';
import { DURATION_FORM } from '../../packages/core/src/domain/approvals/times.ts';
import {
  MAX_APPROVER_LISTS,
  MAX_APPROVERS_PER_LIST,
  MAX_KEYS_PER_APPROVER,
  MAX_REQUIRED_APPROVALS,
  MAX_TRUST_POLICY_VALUES,
} from '../../packages/core/src/domain/limits.ts';
import { ORIGIN_FORM } from '../../packages/core/src/domain/trust/approvals/parse-approvals.ts';
import {
  LIST_NAME_FORM,
  MAX_KEY_LINE_LENGTH,
  PINNED_FILE_FORM,
} from '../../packages/core/src/domain/trust/approvals/parse-approvers.ts';
import { ID_FORM } from '../../packages/core/src/domain/trust/parse-condition.ts';
import { GUID_FORM } from '../../packages/core/src/domain/trust/pattern.ts';

type Schema = Readonly<Record<string, unknown>>;

const TIME: Schema = {
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$',
};

function words(all: readonly string[], minItems: number, description: string): Schema {
  return { type: 'array', minItems, uniqueItems: true, items: { enum: all }, description };
}

function object(properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema {
  return { type: 'object', additionalProperties: false, required, properties };
}

const PERSON = {
  ...object(
    {
      name: {
        type: 'string',
        minLength: 1,
        maxLength: MAX_PERSON_NAME_LENGTH,
        pattern: '^\\S(?:[^\\u0000-\\u001f\\u007f-\\u009f]*\\S)?$',
        not: { pattern: '[^\\s@]@[^\\s@]' },
        description: 'Unique; evidence and reports name the person by it, so that it is no e-mail address.',
      },
      github: { type: 'string', pattern: ID_FORM.source, description: 'Numeric id of the user.' },
      gitlab: { type: 'string', pattern: ID_FORM.source, description: 'Numeric id of the user.' },
      azure: { type: 'string', pattern: GUID_FORM.source, description: 'Id of the user.' },
      ssh: {
        type: 'array',
        minItems: 1,
        maxItems: MAX_KEYS_PER_APPROVER,
        items: { type: 'string', maxLength: MAX_KEY_LINE_LENGTH, pattern: keyLine() },
        description: 'Public keys as in a .pub file.',
      },
      valid_before: { ...TIME, description: 'First moment at which nothing of the person counts: a leaver.' },
      revoked_since: { ...TIME, description: 'From when on nothing of the person counts: a stolen key.' },
    },
    ['name'],
  ),
  anyOf: ['github', 'gitlab', 'azure', 'ssh'].map((member) => ({ required: [member] })),
};

function keyLine(): string {
  const types = SSH_KEY_TYPES.map((type) => type.replaceAll('.', '\\.'));
  return `^(?:${types.join('|')}) [A-Za-z0-9+/]+={0,2}(?: .*)?$`;
}

const ALLOWED_SIGNERS = object(
  {
    allowed_signers: {
      type: 'string',
      pattern: PINNED_FILE_FORM.source,
      description: 'A file of allowed signers, from the folder of the policy, pinned by its SHA-256.',
    },
  },
  ['allowed_signers'],
);

/** The policy's member `approvers`. */
export const APPROVERS: Schema = {
  description: 'Lists of the people who may approve.',
  type: 'object',
  maxProperties: MAX_APPROVER_LISTS,
  propertyNames: { pattern: LIST_NAME_FORM.source },
  additionalProperties: {
    anyOf: [{ type: 'array', minItems: 1, maxItems: MAX_APPROVERS_PER_LIST, items: PERSON }, ALLOWED_SIGNERS],
  },
};

const LIST_NAMES: Schema = {
  type: 'array',
  minItems: 1,
  maxItems: MAX_APPROVER_LISTS,
  uniqueItems: true,
  items: { type: 'string', pattern: LIST_NAME_FORM.source },
};

const SSH = object(
  {
    user_presence: {
      type: 'boolean',
      description: 'A key on an authenticator must have been touched; true unless given.',
    },
    user_verification: {
      type: 'boolean',
      description: 'A PIN or fingerprint must have been given; false unless given.',
    },
    webauthn_origins: {
      type: 'array',
      maxItems: MAX_TRUST_POLICY_VALUES,
      uniqueItems: true,
      items: { type: 'string', pattern: ORIGIN_FORM.source },
      description: 'From which pages a browser may sign; none unless given.',
    },
  },
  [],
);

/** A rule's member `approvals`. */
export const APPROVALS: Schema = {
  description: 'Who must have approved; where this is left out, the request’s own word is taken for it.',
  ...object(
    {
      required: { type: 'integer', minimum: 1, maximum: MAX_REQUIRED_APPROVALS, description: 'How many people.' },
      approvers: { ...LIST_NAMES, description: 'Lists of approvers.' },
      sources: words(APPROVAL_SOURCES, 1, 'What proves an approval.'),
      exclude: words(EXCLUSIONS, 0, 'Whose approval does not count; [starter] unless given.'),
      bind: {
        ...words(BINDINGS, 1, 'What a signed approval must name; unless given commit, request, and given artifacts.'),
        contains: { const: 'request' },
      },
      max_age: { type: 'string', pattern: DURATION_FORM.source, description: 'Like 72h, which it is unless given.' },
      ssh: SSH,
      emergency: { ...LIST_NAMES, description: 'Lists of people who may let a release pass alone.' },
    },
    ['required', 'approvers', 'sources'],
  ),
};
