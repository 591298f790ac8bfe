import {
  MAX_TRUST_POLICY_RULES,
  MAX_TRUST_POLICY_VALUE_LENGTH,
  MAX_TRUST_POLICY_VALUES,
} from '../../packages/core/src/domain/limits.ts';
import {
  anchorClaims,
  type ClaimDefinition,
  type ClaimKind,
  METHODS,
  matchableClaims,
  PROVIDERS,
  REQUEST_FIELDS,
  type TrustMethod,
} from '../../packages/core/src/domain/trust/claims.ts';
import { GUID_FORM, ID_FORM } from '../../packages/core/src/domain/trust/parse-condition.ts';
import { ISSUER_FORM, MAX_RULE_NAME_LENGTH } from '../../packages/core/src/domain/trust/parse-policy.ts';
import { TRUST_POLICY_SCHEMA_VERSION } from '../../packages/core/src/domain/trust/trust-policy.ts';
import type { Provider } from '../../packages/core/src/domain/wire/messages.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The published JSON Schema of a trust policy, made of the tables that the parser follows: the text of
 * schemas/trust-policy.schema.json. The parser asks for a little more: rules of different names, and no odd characters at all.
 */
export function trustPolicyJsonSchema(): string {
  return `${JSON.stringify(trustPolicySchema(), null, 2)}\n`;
}

function trustPolicySchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:cavra:release-governance:schema:trust-policy:1',
    title: 'Release-governance trust policy',
    description:
      'Who may pass the release gate, for which requests. The first rule that matches decides; where none does, nobody passes.',
    type: 'object',
    additionalProperties: false,
    required: ['schema_version', 'rules'],
    properties: {
      schema_version: { const: TRUST_POLICY_SCHEMA_VERSION },
      rules: { type: 'array', minItems: 1, maxItems: MAX_TRUST_POLICY_RULES, items: { $ref: '#/$defs/rule' } },
    },
    $defs: { rule: ruleSchema(), ...VALUE_SCHEMAS, ...Object.fromEntries(RULE_KINDS.map(matchDefinition)) },
  };
}

function ruleSchema(): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'provider', 'match'],
    properties: {
      name: {
        ...lineOfText(MAX_RULE_NAME_LENGTH),
        description: 'Unique; the decision and the report name the rule by it.',
      },
      provider: { enum: PROVIDERS },
      issuer: {
        type: 'string',
        maxLength: MAX_TRUST_POLICY_VALUE_LENGTH,
        pattern: ISSUER_FORM.source,
        description: 'Compared exactly with the claim iss.',
      },
      methods: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { enum: METHODS },
        description: 'How the runner may have proven itself; [oidc] unless given.',
      },
      match: { type: 'object', description: 'Claims by the platform’s own names; every one must match.' },
      requests: requestsSchema(),
    },
    anyOf: RULE_KINDS.map(ruleKindSchema),
  };
}

/** A provider with a set of methods: what decides which claims a rule may match. */
interface RuleKind {
  readonly provider: Provider;
  readonly methods: readonly TrustMethod[];
}

const METHOD_SETS: readonly (readonly TrustMethod[])[] = [['oidc'], ['hmac'], ['oidc', 'hmac']];
const RULE_KINDS: readonly RuleKind[] = PROVIDERS.flatMap((provider) =>
  METHOD_SETS.map((methods) => ({ provider, methods })),
).filter(({ provider, methods }) => anchorClaims(provider, methods).length > 0);

function ruleKindSchema(kind: RuleKind): Schema {
  const { provider, methods } = kind;
  const isDefault = !methods.includes('hmac');
  return {
    ...(isDefault ? {} : { required: ['methods'] }),
    properties: {
      provider: { const: provider },
      methods: { minItems: methods.length, items: { enum: methods } },
      match: { $ref: `#/$defs/${matchName(kind)}` },
      // An HMAC has no issuer.
      ...(isDefault ? {} : { issuer: false }),
    },
  };
}

function matchName({ provider, methods }: RuleKind): string {
  return `match-${provider}-${methods.join('-')}`;
}

function matchDefinition(kind: RuleKind): readonly [string, Schema] {
  const claims = matchableClaims(kind.provider, kind.methods);
  const schema = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(claims.map((claim) => [claim.name, claimSchema(claim)])),
    anyOf: anchorClaims(kind.provider, kind.methods).map((name) => ({ required: [name] })),
  };
  return [matchName(kind), schema];
}

function claimSchema({ kind, values }: ClaimDefinition): Schema {
  const hint = values === undefined ? {} : { description: `Documented: ${values.join(', ')}.` };
  return { $ref: `#/$defs/${kind}`, ...hint };
}

function requestsSchema(): Schema {
  return {
    description: 'Which requests may pass; every request where this is left out.',
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: Object.fromEntries(REQUEST_FIELDS.map(({ name, kind }) => [name, { $ref: `#/$defs/${kind}` }])),
  };
}

function lineOfText(maxLength: number): Schema {
  return { type: 'string', minLength: 1, maxLength, pattern: '^\\S(?:[^\\u0000-\\u001f\\u007f-\\u009f]*\\S)?$' };
}

function oneOrMore(item: Schema): Schema {
  return {
    anyOf: [item, { type: 'array', minItems: 1, maxItems: MAX_TRUST_POLICY_VALUES, uniqueItems: true, items: item }],
  };
}

const EXACT = { ...lineOfText(MAX_TRUST_POLICY_VALUE_LENGTH), not: { pattern: '\\*' } };
const GLOB = {
  type: 'object',
  additionalProperties: false,
  required: ['glob'],
  properties: {
    glob: { ...lineOfText(MAX_TRUST_POLICY_VALUE_LENGTH), allOf: [{ pattern: '\\*' }, { not: { pattern: '\\*\\*' } }] },
  },
};

const VALUE_SCHEMAS: Readonly<Record<ClaimKind, Schema>> = {
  id: oneOrMore({ type: 'string', pattern: ID_FORM.source, description: 'A numeric id, in quotes.' }),
  guid: oneOrMore({ type: 'string', pattern: GUID_FORM.source }),
  flag: { type: 'boolean' },
  text: oneOrMore({ ...EXACT, description: 'Compared exactly.' }),
  path: oneOrMore({
    description: 'Compared exactly, or a glob: * stays within one segment between slashes.',
    anyOf: [EXACT, GLOB],
  }),
};
