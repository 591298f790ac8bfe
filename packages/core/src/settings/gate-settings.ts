import { ConfigurationError } from '../domain/diagnosis.ts';
import { isPinnedReference } from '../domain/pull-request/pin.ts';
import type { Decision } from '../domain/wire/messages.ts';
import type { SettingLookup } from './definition.ts';
import { GATE_SETTINGS, type SettingName } from './gate-table.ts';
import { listEntries, readSettings } from './read-settings.ts';

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
  /** What seals the evidence. */
  readonly attestation: 'auto' | 'key' | 'keyless' | 'none';
  readonly timestampUrl: string | undefined;
  readonly timestampCertificate: string | undefined;
  readonly fulcioUrl: string | undefined;
  readonly trustedRoot: string | undefined;
  readonly keylessPublic: boolean;
  readonly rules: 'strict' | 'compatible';
  readonly keyRotation: 'off' | 'warn' | 'enforce';
  /** PEM, a file, or a word: see `readAuthorities`. */
  readonly caCertificates: string | undefined;
  readonly timeoutSeconds: number;
  /** Settings that were given other than by default, so that a pull request's choices can be told from the defaults. */
  readonly given: ReadonlySet<SettingName>;
  /** Those of them that name a file with its digest, `FILE@sha256:HEX`. */
  readonly pinned: ReadonlySet<SettingName>;
}

/**
 * Reads and checks all settings at once. An empty text counts as nothing.
 *
 * @throws ConfigurationError CAVRA-E201 naming every mistake, not only the first
 */
export function readGateSettings(lookup: SettingLookup): GateSettings {
  const { values, given, problems } = readSettings(GATE_SETTINGS, lookup);
  const all = [...problems, ...contradictions(values, given)];
  if (all.length > 0) throw new ConfigurationError('CAVRA-E201', all.join('; '));
  return typed(values, given);
}

/** Says which settings do not go together. */
function contradictions(values: ReadonlyMap<SettingName, string>, given: ReadonlySet<SettingName>): string[] {
  const problems: string[] = [];
  if (values.has('jwks') && values.has('jwks-url')) problems.push('jwks and jwks-url exclude each other');
  if (values.has('trust-policy-sha256') && !values.has('trust-policy')) {
    problems.push('trust-policy-sha256 needs trust-policy');
  }
  problems.push(...runtimeProblems(values, given), ...sealProblems(values, given));
  if (values.has('request') && values.has('request-json')) problems.push('request and request-json exclude each other');
  return problems;
}

/** Says which settings of the seal do not go together. */
function sealProblems(values: ReadonlyMap<SettingName, string>, given: ReadonlySet<SettingName>): string[] {
  const problems: string[] = [];
  if (given.has('fulcio-url') && !given.has('trusted-root')) problems.push('fulcio-url needs trusted-root');
  if (values.get('attestation') === 'keyless') return problems;
  const idle = (['fulcio-url', 'keyless-public'] as const).filter((name) => given.has(name));
  if (idle.length > 0) problems.push(`${idle.join(' and ')} need attestation keyless`);
  return problems;
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
  'attestation',
  'timestamp-url',
  'timestamp-certificate',
  'fulcio-url',
  'trusted-root',
  'keyless-public',
] as const satisfies readonly SettingName[];

/** Says which settings of who answers do not go together. */
function runtimeProblems(values: ReadonlyMap<SettingName, string>, given: ReadonlySet<SettingName>): string[] {
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

function typed(values: ReadonlyMap<SettingName, string>, given: ReadonlySet<SettingName>): GateSettings {
  const text = (name: SettingName) => values.get(name);
  const required = (name: SettingName) => values.get(name) ?? '';
  const age = text('max-token-age');
  return {
    requests: listEntries(text('request')),
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
    subjectPaths: listEntries(text('subject-path')),
    previousCheckpoint: text('previous-checkpoint'),
    attestation: required('attestation') as GateSettings['attestation'],
    timestampUrl: text('timestamp-url'),
    timestampCertificate: text('timestamp-certificate'),
    fulcioUrl: text('fulcio-url'),
    trustedRoot: text('trusted-root'),
    keylessPublic: /^true$/i.test(required('keyless-public')),
    rules: required('rules') as GateSettings['rules'],
    keyRotation: required('key-rotation') as GateSettings['keyRotation'],
    caCertificates: text('ca-certificates'),
    timeoutSeconds: Number(required('timeout-seconds')),
    given,
    pinned: pinnedFiles(values, given),
  };
}

function pinnedFiles(
  values: ReadonlyMap<SettingName, string>,
  given: ReadonlySet<SettingName>,
): ReadonlySet<SettingName> {
  const files = GATE_SETTINGS.filter(({ name, kind }) => kind === 'trust-file' && given.has(name));
  return new Set(files.map(({ name }) => name).filter((name) => isPinnedReference(values.get(name) ?? '')));
}
