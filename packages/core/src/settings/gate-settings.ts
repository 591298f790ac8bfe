import { ConfigurationError } from '../domain/diagnosis.ts';
import { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS } from '../domain/limits.ts';
import type { Decision } from '../domain/wire/messages.ts';

/**
 * Every setting of the gate, once (interfaces.md). The command line's options and variables, the inputs of the GitHub Action, the
 * GitLab templates and the Azure task are all read, described and checked by this table.
 */

export type SettingKind = 'text' | 'list' | 'flag' | 'choice' | 'seconds' | 'path' | 'sha256' | 'https-url';

/**
 * Who may choose a setting. `trust`: says who or what is believed; `expectation`: says what counts as a pass. Adapters take both from
 * inputs only, and a pull request may not override either (design.md section 4). `plain`: anyone who configures the job.
 */
export type SettingRole = 'plain' | 'trust' | 'expectation';

export interface SettingDefinition {
  /** kebab-case: the option (`--name`) and the GitHub input; `snakeCase` and `camelCase` give the other platforms' spelling. */
  readonly name: string;
  /** The command line's option where it is not the name. */
  readonly option?: string;
  readonly environment?: string;
  readonly kind: SettingKind;
  readonly role: SettingRole;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** For `seconds`. */
  readonly range?: readonly [minimum: number, maximum: number];
  /** What stands for the value in help texts, for example `FILE`. */
  readonly placeholder?: string;
  readonly description: string;
  /** `not yet`: part of the fixed interface, refused with a clear error until the version that brings it. */
  readonly availability?: 'not yet';
}

const DEFINITIONS = [
  {
    name: 'request',
    environment: 'CAVRA_RELEASE_GOVERNANCE_REQUEST',
    kind: 'list',
    role: 'plain',
    placeholder: 'FILE',
    description: 'request files or globs, one a line',
  },
  {
    name: 'request-json',
    environment: 'CAVRA_REQUEST_JSON',
    kind: 'text',
    role: 'plain',
    placeholder: 'TEXT',
    description: 'a request inline, as JSON',
  },
  {
    name: 'expected-decision',
    environment: 'CAVRA_EXPECTED_DECISION',
    kind: 'choice',
    choices: ['allow', 'block', 'require_approval'],
    default: 'allow',
    role: 'expectation',
    description: 'the decision that passes the gate',
  },
  {
    name: 'expected-rule-id',
    environment: 'CAVRA_EXPECTED_RULE_ID',
    kind: 'text',
    role: 'expectation',
    placeholder: 'ID',
    description: 'the rule that must have decided',
  },
  {
    name: 'allow-blocking-decision',
    environment: 'CAVRA_ALLOW_BLOCKING_DECISION',
    kind: 'flag',
    default: 'false',
    role: 'expectation',
    description: 'let an expected block pass the job',
  },
  {
    name: 'evidence-dir',
    environment: 'CAVRA_RELEASE_GOVERNANCE_EVIDENCE_DIR',
    kind: 'path',
    default: '.cavra/go-daemon',
    role: 'plain',
    placeholder: 'DIR',
    description: 'folder of the evidence',
  },
  {
    name: 'auth',
    environment: 'CAVRA_RUNNER_AUTH',
    kind: 'choice',
    choices: ['auto', 'oidc', 'hmac'],
    default: 'auto',
    // Which proof the job brings; what is believed of it is decided by the settings of trust.
    role: 'plain',
    description: 'how the job proves who it is; auto takes the platform’s OIDC token, else the HMAC key',
  },
  {
    name: 'issuer',
    environment: 'CAVRA_RUNNER_OIDC_ISSUER',
    kind: 'text',
    role: 'trust',
    placeholder: 'URL',
    description: 'pinned OIDC issuer, compared exactly; the platform’s public one by default',
  },
  {
    name: 'audience',
    environment: 'CAVRA_RUNNER_OIDC_AUDIENCE',
    kind: 'text',
    role: 'trust',
    placeholder: 'TEXT',
    description: 'pinned OIDC audience, compared exactly',
  },
  {
    name: 'jwks-url',
    environment: 'CAVRA_RUNNER_OIDC_JWKS_URL',
    kind: 'https-url',
    role: 'trust',
    placeholder: 'URL',
    description: 'where the issuer publishes its keys',
  },
  {
    name: 'jwks',
    environment: 'CAVRA_RUNNER_OIDC_JWKS',
    kind: 'path',
    role: 'trust',
    placeholder: 'FILE',
    description: 'the issuer’s keys as a file, instead of jwks-url',
  },
  {
    name: 'max-token-age',
    environment: 'CAVRA_MAX_TOKEN_AGE',
    kind: 'seconds',
    range: [1, 86_400],
    role: 'trust',
    placeholder: 'SECONDS',
    description: 'greatest age of the OIDC token; 900 by default, on GitLab 3600',
  },
  {
    name: 'trust-policy',
    environment: 'CAVRA_TRUST_POLICY',
    kind: 'path',
    role: 'trust',
    placeholder: 'FILE',
    description: 'who may pass, for which requests (YAML or JSON)',
  },
  {
    name: 'trust-policy-sha256',
    environment: 'CAVRA_TRUST_POLICY_SHA256',
    kind: 'sha256',
    role: 'trust',
    placeholder: 'HEX',
    description: 'pins the trust policy by its SHA-256',
  },
  {
    name: 'keyring',
    environment: 'CAVRA_KEYRING',
    kind: 'path',
    role: 'trust',
    placeholder: 'FILE',
    description: 'keys by id, with status and period',
  },
  {
    name: 'runtime',
    environment: 'CAVRA_RUNTIME_PATH',
    kind: 'text',
    default: 'embedded',
    role: 'trust',
    placeholder: 'embedded|PATH',
    description: 'the embedded daemon, or an external cavra-runtime',
  },
  {
    name: 'runtime-sha256',
    environment: 'CAVRA_RUNTIME_SHA256',
    kind: 'sha256',
    role: 'trust',
    placeholder: 'HEX',
    description: 'pins the external runtime by its SHA-256',
  },
  {
    name: 'runtime-package',
    environment: 'CAVRA_RUNTIME_PACKAGE',
    kind: 'path',
    role: 'trust',
    placeholder: 'DIR',
    description: 'a signed runtime package',
  },
  {
    name: 'runtime-public-key',
    environment: 'CAVRA_RUNTIME_PUBLIC_KEY',
    kind: 'path',
    role: 'trust',
    placeholder: 'FILE',
    description: 'pins the key that signed the runtime package',
  },
  {
    name: 'socket',
    environment: 'CAVRA_DAEMON_SOCKET',
    kind: 'path',
    role: 'trust',
    placeholder: 'PATH',
    description: 'a resident daemon’s socket',
  },
  {
    name: 'daemon-public-key',
    environment: 'CAVRA_DAEMON_PUBLIC_KEY',
    kind: 'path',
    role: 'trust',
    placeholder: 'FILE',
    description: 'pins the key with which the resident daemon signs its answers',
  },
  {
    name: 'subject-path',
    option: 'subject',
    environment: 'CAVRA_SUBJECT_PATH',
    kind: 'list',
    role: 'plain',
    placeholder: 'FILE',
    description: 'release artifacts that the checkpoint names, files or globs, one a line',
  },
  {
    name: 'previous-checkpoint',
    environment: 'CAVRA_PREVIOUS_CHECKPOINT',
    kind: 'path',
    role: 'plain',
    placeholder: 'FILE',
    description: 'checkpoint of an earlier run, to chain to',
  },
  {
    name: 'rules',
    environment: 'CAVRA_RULES',
    kind: 'choice',
    choices: ['strict', 'compatible'],
    default: 'strict',
    role: 'trust',
    description: 'strict adds rules that the Go runtime lacks; compatible decides as it does',
  },
  {
    name: 'key-rotation',
    environment: 'CAVRA_KEY_ROTATION',
    kind: 'choice',
    choices: ['off', 'warn', 'enforce'],
    default: 'warn',
    role: 'trust',
    description: 'what to do when a key id names a quarter that is past',
  },
  {
    name: 'timeout-seconds',
    option: 'timeout',
    environment: 'CAVRA_TIMEOUT_SECONDS',
    kind: 'seconds',
    range: [1, MAX_TIMEOUT_SECONDS],
    default: String(DEFAULT_TIMEOUT_SECONDS),
    role: 'plain',
    placeholder: 'SECONDS',
    description: 'deadline of the whole run',
  },
] as const satisfies readonly SettingDefinition[];

export type SettingName = (typeof DEFINITIONS)[number]['name'];

/** All settings of the gate, in the order in which they are documented. */
export const GATE_SETTINGS: readonly (SettingDefinition & { readonly name: SettingName })[] = DEFINITIONS;

/** The gate's settings, typed; paths are as given. */
export interface GateSettings {
  readonly requests: readonly string[];
  readonly requestJson: string | undefined;
  readonly expectedDecision: Decision;
  readonly expectedRuleId: string | undefined;
  readonly allowBlockingDecision: boolean;
  readonly evidenceDir: string;
  readonly auth: 'auto' | 'oidc' | 'hmac';
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly jwks: string | undefined;
  readonly maxTokenAgeSeconds: number | undefined;
  readonly trustPolicy: string | undefined;
  readonly trustPolicySha256: string | undefined;
  readonly keyring: string | undefined;
  /** `embedded`, or the path of an external runtime. */
  readonly runtime: string;
  readonly runtimeSha256: string | undefined;
  readonly runtimePackage: string | undefined;
  readonly runtimePublicKey: string | undefined;
  readonly socket: string | undefined;
  readonly daemonPublicKey: string | undefined;
  readonly subjectPaths: readonly string[];
  readonly previousCheckpoint: string | undefined;
  readonly rules: 'strict' | 'compatible';
  readonly keyRotation: 'off' | 'warn' | 'enforce';
  readonly timeoutSeconds: number;
  /** Settings that were given other than by default, so that a pull request's choices can be told from the defaults. */
  readonly given: ReadonlySet<SettingName>;
}

/** Where a setting's text came from, for error messages. */
export interface GivenSetting {
  readonly text: string;
  /** For example `--auth`, `CAVRA_RUNNER_AUTH` or `input auth`. */
  readonly label: string;
}

/** Looks up what was given for a setting; undefined: nothing. An empty text counts as nothing. */
export type SettingLookup = (definition: SettingDefinition) => GivenSetting | undefined;

/**
 * Reads and checks all settings at once.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake, not only the first
 */
export function readGateSettings(lookup: SettingLookup): GateSettings {
  const problems: string[] = [];
  const values = new Map<string, string>();
  const given = new Set<SettingName>();
  for (const definition of GATE_SETTINGS) {
    const found = lookup(definition);
    if (found === undefined || found.text === '') {
      if (definition.default !== undefined) values.set(definition.name, definition.default);
      continue;
    }
    const problem = problemOf(definition, found.text);
    if (problem !== undefined) {
      problems.push(`${found.label} ${problem}`);
      continue;
    }
    values.set(definition.name, found.text);
    if (found.text !== definition.default) given.add(definition.name);
  }
  if (values.has('jwks') && values.has('jwks-url')) problems.push('jwks and jwks-url exclude each other');
  if (values.has('trust-policy-sha256') && !values.has('trust-policy')) {
    problems.push('trust-policy-sha256 needs trust-policy');
  }
  problems.push(...runtimeProblems(values, given));
  if (values.has('request') && values.has('request-json')) problems.push('request and request-json exclude each other');
  if (problems.length > 0) throw new ConfigurationError('CAVRA-E201', problems.join('; '));
  return typed(values, given);
}

/** What a resident daemon's own configuration decides, so that a job that says it would say it in vain. */
const DECIDED_BY_DAEMON = [
  'issuer',
  'jwks-url',
  'jwks',
  'max-token-age',
  'trust-policy',
  'trust-policy-sha256',
  'rules',
  'subject-path',
  'previous-checkpoint',
] as const satisfies readonly SettingName[];

/** Says which settings of who answers do not go together. */
function runtimeProblems(values: ReadonlyMap<string, string>, given: ReadonlySet<SettingName>): string[] {
  const problems: string[] = [];
  const needs = (name: SettingName, other: SettingName) => {
    if (given.has(name) && !given.has(other)) problems.push(`${name} needs ${other}`);
  };
  needs('daemon-public-key', 'socket');
  needs('runtime-package', 'runtime-public-key');
  needs('runtime-public-key', 'runtime-package');
  if (given.has('runtime-sha256') && values.get('runtime') === 'embedded' && !given.has('runtime-package')) {
    problems.push('runtime-sha256 needs runtime');
  }
  const external = (['runtime', 'runtime-package'] as const).filter((name) => given.has(name));
  if (given.has('socket') && external.length > 0)
    problems.push(`socket and ${external.join(' and ')} exclude each other`);
  if (given.has('socket') && given.has('daemon-public-key')) {
    const idle = DECIDED_BY_DAEMON.filter((name) => given.has(name));
    if (idle.length > 0)
      problems.push(`with socket, the daemon’s own configuration decides: remove ${idle.join(', ')}`);
  }
  return problems;
}

/** Says what is wrong with a setting's text, or undefined. */
function problemOf(definition: SettingDefinition, text: string): string | undefined {
  if (definition.availability === 'not yet') return 'is not supported by this version';
  switch (definition.kind) {
    case 'choice':
      return definition.choices?.includes(text) ? undefined : `must be one of ${definition.choices?.join(', ')}`;
    case 'flag':
      return /^(true|false)$/i.test(text) ? undefined : 'must be true or false';
    case 'seconds': {
      const [minimum, maximum] = definition.range ?? [0, Number.MAX_SAFE_INTEGER];
      const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return seconds >= minimum && seconds <= maximum
        ? undefined
        : `must be a whole number of seconds from ${minimum} to ${maximum}`;
    }
    case 'sha256':
      return /^[0-9a-fA-F]{64}$/.test(text) ? undefined : 'must be a SHA-256 of 64 hex digits';
    case 'https-url':
      return isHttpsUrl(text) ? undefined : 'must be an https URL without user and fragment';
    case 'path':
      return text.includes('\0') ? 'must not hold a zero byte' : undefined;
    default:
      return undefined;
  }
}

function isHttpsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
}

function typed(values: ReadonlyMap<string, string>, given: ReadonlySet<SettingName>): GateSettings {
  const text = (name: SettingName) => values.get(name);
  const required = (name: SettingName) => values.get(name) ?? '';
  const age = text('max-token-age');
  return {
    requests: lines(text('request')),
    requestJson: text('request-json'),
    expectedDecision: required('expected-decision') as Decision,
    expectedRuleId: text('expected-rule-id'),
    allowBlockingDecision: /^true$/i.test(required('allow-blocking-decision')),
    evidenceDir: required('evidence-dir'),
    auth: required('auth') as GateSettings['auth'],
    issuer: text('issuer'),
    audience: text('audience'),
    jwksUrl: text('jwks-url'),
    jwks: text('jwks'),
    maxTokenAgeSeconds: age === undefined ? undefined : Number(age),
    trustPolicy: text('trust-policy'),
    trustPolicySha256: text('trust-policy-sha256')?.toLowerCase(),
    keyring: text('keyring'),
    runtime: required('runtime'),
    runtimeSha256: text('runtime-sha256')?.toLowerCase(),
    runtimePackage: text('runtime-package'),
    runtimePublicKey: text('runtime-public-key'),
    socket: text('socket'),
    daemonPublicKey: text('daemon-public-key'),
    subjectPaths: lines(text('subject-path')),
    previousCheckpoint: text('previous-checkpoint'),
    rules: required('rules') as GateSettings['rules'],
    keyRotation: required('key-rotation') as GateSettings['keyRotation'],
    timeoutSeconds: Number(required('timeout-seconds')),
    given,
  };
}

function lines(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `expected-decision` -> `expected_decision`: the spelling of GitLab's inputs. */
export function snakeCase(name: string): string {
  return name.replaceAll('-', '_');
}

/** `expected-decision` -> `expectedDecision`: the spelling of Azure's inputs. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
