import type { OidcTrust } from '../auth/oidc/token/trust.ts';
import { resolveOidcTrust } from '../auth/oidc/trust-defaults.ts';
import { ConfigurationError } from '../diagnosis.ts';
import { DETECTED_BY, type Platform } from '../identity/sources.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { printable } from '../json/pointer.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import type { SecretReference } from '../keys/keyring-key.ts';
import { KEY_ID_FORM, VARIABLE_FORM } from '../keys/keyring-key.ts';
import { type Path, KeyringProblems as Problems } from '../keys/keyring-problems.ts';
import {
  DAEMON_REPLAY_ENTRIES,
  DAEMON_STREAM_RECORDS,
  MAX_CONFIGURATION_FILE_BYTES,
  MAX_DAEMON_CONNECTIONS,
  MAX_KEY_ID_LENGTH,
  MAX_LISTED_PROBLEMS,
} from '../limits.ts';
import { ObjectReader as Reader } from './object-reader.ts';

export const DAEMON_SCHEMA_VERSION = 'cavra.release-governance.daemon-configuration.v1';

/** The configuration of a resident daemon. Paths are as written, relative to the configuration's folder. */
export interface DaemonConfiguration {
  /** The name under which it is asked: the audience of `HMAC-SHA256-REQUEST` proofs. */
  readonly name: string;
  readonly socket: { readonly path: string; readonly group?: string | number };
  /** Where it keeps what it must remember; its user's alone. */
  readonly stateFolder: string;
  /** Where it keeps the evidence, a folder for each run; its user's alone. */
  readonly evidenceFolder: string;
  readonly keyring: string;
  /** Signs its answers. */
  readonly signingKey: { readonly id: string; readonly privateKey: SecretReference };
  readonly trustPolicy: { readonly file: string; readonly sha256?: string };
  readonly issuers: readonly OidcTrust[];
  readonly hmac: DaemonHmac;
  readonly rules: 'strict' | 'compatible';
  readonly limits: DaemonLimits;
}

/** Which HMAC proofs are accepted: none that is not named here. */
export interface DaemonHmac {
  /** `HMAC-SHA256-REQUEST`, under the runner keys of the keyring. */
  readonly requestBound: boolean;
  /** The one runner key whose `HMAC-SHA256` proofs are accepted, and that proves nothing else; for Go clients. */
  readonly identityOnlyKeyId?: string;
}

export interface DaemonLimits {
  readonly connections: number;
  readonly streamRecords: number;
  readonly rememberedProofs: number;
  /** Days after its last record for which the evidence of a run is kept; absent: for ever. */
  readonly evidenceDays?: number;
}

/** Range and default of each limit; without a default there is none. */
export const LIMITS = {
  connections: { minimum: 1, maximum: 1_024, standard: MAX_DAEMON_CONNECTIONS },
  stream_records: { minimum: 1, maximum: 1_000_000, standard: DAEMON_STREAM_RECORDS },
  remembered_proofs: { minimum: 1_000, maximum: 4_000_000, standard: DAEMON_REPLAY_ENTRIES },
  // No less than the age of the oldest token that may ask for its recorded answer.
  evidence_days: { minimum: 2, maximum: 36_500, standard: undefined },
} as const;

export const NAME_FORM = /^[!-~]{1,200}$/u;
export const GROUP_FORM = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/u;
export const SHA256_FORM = /^[0-9a-f]{64}$/u;
export const MAX_ISSUERS = 20;
export const MAX_GROUP_ID = 2 ** 32 - 2;
export const ISSUER_PROVIDERS = Object.keys(DETECTED_BY) as readonly Platform[];

/**
 * Parses the configuration of a daemon.
 *
 * @param bytes JSON, UTF-8, at most MAX_CONFIGURATION_FILE_BYTES
 * @param source what messages call it, for example the file's path
 * @throws ConfigurationError CAVRA-E230 naming everything that is wrong by its JSON Pointer, and never a value
 */
export function parseDaemonConfiguration(bytes: Uint8Array, source: string): DaemonConfiguration {
  const problems = new Problems();
  const configuration = read(parseDocument(bytes, source), problems);
  const { list } = problems;
  if (list.length > 0 || configuration === undefined) {
    const rest = list.length - MAX_LISTED_PROBLEMS;
    const shown = [...list.slice(0, MAX_LISTED_PROBLEMS), ...(rest > 0 ? [`and ${rest} more`] : [])];
    throw new ConfigurationError('CAVRA-E230', `${printable(source)}: ${shown.join('; ')}`);
  }
  return configuration;
}

function parseDocument(bytes: Uint8Array, source: string): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_CONFIGURATION_FILE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw new ConfigurationError('CAVRA-E230', `${printable(source)}: ${error.message}`, { cause: error });
  }
}

/** Every member of the document; those that must be there first. */
export const REQUIRED_MEMBERS = [
  'schema_version',
  'name',
  'socket',
  'state_folder',
  'evidence_folder',
  'keyring',
  'signing_key',
  'trust_policy',
] as const;
export const OPTIONAL_MEMBERS = ['issuers', 'hmac', 'rules', 'limits'] as const;

function read(document: JsonValue, problems: Problems): DaemonConfiguration | undefined {
  if (!(document instanceof JsonObject)) {
    return problems.wrongType([], 'an object', document);
  }
  const reader = new Reader(document, [], problems);
  reader.refuseOthers([...REQUIRED_MEMBERS, ...OPTIONAL_MEMBERS]);
  if (document.get('schema_version') !== DAEMON_SCHEMA_VERSION) {
    problems.add(['schema_version'], `must be ${DAEMON_SCHEMA_VERSION}`);
  }
  const rules = reader.choice('rules', ['strict', 'compatible'] as const, 'strict');
  const configuration = {
    name: reader.text('name', NAME_FORM, 'must be 1 to 200 visible ASCII characters'),
    socket: readSocket(reader.object('socket')),
    stateFolder: reader.path('state_folder'),
    evidenceFolder: reader.path('evidence_folder'),
    keyring: reader.path('keyring'),
    signingKey: readSigningKey(reader.object('signing_key')),
    trustPolicy: readTrustPolicy(reader.object('trust_policy')),
    issuers: readIssuers(document.get('issuers'), problems),
    hmac: readHmac(reader.optionalObject('hmac')),
    rules,
    limits: readLimits(reader.optionalObject('limits')),
  };
  if (problems.list.length === 0) {
    checkAuthentication(configuration, problems);
  }
  return configuration;
}

function readSocket(reader: Reader): DaemonConfiguration['socket'] {
  reader.refuseOthers(['path', 'group']);
  const path = reader.path('path');
  const group = reader.value('group');
  if (group === undefined) {
    return { path };
  }
  if (typeof group === 'bigint' && group >= 0n && group <= BigInt(MAX_GROUP_ID)) {
    return { path, group: Number(group) };
  }
  if (typeof group !== 'string' || !GROUP_FORM.test(group)) {
    reader.wrong('group', 'must be the name or the number of a group');
    return { path };
  }
  return { path, group };
}

function readSigningKey(reader: Reader): DaemonConfiguration['signingKey'] {
  reader.refuseOthers(['id', 'private_key']);
  const id = reader.text('id', KEY_ID_FORM, 'must be visible ASCII characters');
  if (id.length > MAX_KEY_ID_LENGTH) {
    reader.wrong('id', `is longer than ${MAX_KEY_ID_LENGTH} characters`);
  }
  return { id, privateKey: readSecretReference(reader, 'private_key') };
}

function readSecretReference(reader: Reader, name: string): SecretReference {
  const value = reader.value(name);
  const [kind, ...others] = value instanceof JsonObject ? [...value.names()] : [];
  const text = value instanceof JsonObject && kind !== undefined ? value.get(kind) : undefined;
  if (others.length === 0 && typeof text === 'string') {
    if (kind === 'env' && VARIABLE_FORM.test(text)) {
      return { env: text };
    }
    if (kind === 'file' && isPath(text)) {
      return { file: text };
    }
  }
  reader.wrong(name, 'must be {"env": NAME} or {"file": PATH}; the key itself may not stand here');
  return { env: '' };
}

function readTrustPolicy(reader: Reader): DaemonConfiguration['trustPolicy'] {
  reader.refuseOthers(['file', 'sha256']);
  const file = reader.path('file');
  if (reader.value('sha256') === undefined) {
    return { file };
  }
  return { file, sha256: reader.text('sha256', SHA256_FORM, 'must be 64 lower-case hex digits') };
}

function readIssuers(value: JsonValue | undefined, problems: Problems): readonly OidcTrust[] {
  if (value === undefined) {
    return [];
  }
  if (value === null || typeof value !== 'object' || !isJsonList(value)) {
    problems.wrongType(['issuers'], 'a list', value);
    return [];
  }
  if (value.length > MAX_ISSUERS) {
    problems.add(['issuers'], `has ${value.length} entries, at most ${MAX_ISSUERS} are allowed`);
    return [];
  }
  const seen = new Set<string>();
  return value.flatMap((item, index) => {
    const trust = readIssuer(item, ['issuers', index], problems);
    const name = trust === undefined ? '' : JSON.stringify([trust.provider, trust.issuer]);
    if (trust !== undefined && seen.has(name)) {
      problems.add(['issuers', index, 'issuer'], 'is pinned twice for its provider');
    }
    seen.add(name);
    return trust === undefined ? [] : [trust];
  });
}

export const ISSUER_MEMBERS = [
  'provider',
  'issuer',
  'audience',
  'jwks_url',
  'jwks_file',
  'max_token_age_seconds',
] as const;
export const MAX_TOKEN_AGE_SECONDS = 86_400;

function readIssuer(value: JsonValue, path: Path, problems: Problems): OidcTrust | undefined {
  if (!(value instanceof JsonObject)) {
    return problems.wrongType(path, 'an object', value);
  }
  const before = problems.list.length;
  const reader = new Reader(value, path, problems);
  reader.refuseOthers(ISSUER_MEMBERS);
  const provider = reader.choice('provider', ISSUER_PROVIDERS, undefined);
  const configured = {
    issuer: reader.optionalText('issuer'),
    audience: reader.optionalText('audience'),
    jwksUrl: reader.optionalText('jwks_url'),
    jwksFile: reader.optionalText('jwks_file'),
    maxTokenAgeSeconds: reader.optionalNumber('max_token_age_seconds', 1, MAX_TOKEN_AGE_SECONDS),
  };
  if (problems.list.length > before) {
    return undefined;
  }
  try {
    // A daemon serves many jobs: nothing of the environment says what it trusts.
    return resolveOidcTrust({ provider, env: {}, configured });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) {
      throw error;
    }
    return problems.add(path, `is not complete: ${error.message}`);
  }
}

function readHmac(reader: Reader | undefined): DaemonHmac {
  if (reader === undefined) {
    return { requestBound: false };
  }
  reader.refuseOthers(['request_bound', 'identity_only_key_id']);
  const requestBound = reader.value('request_bound') ?? false;
  if (typeof requestBound !== 'boolean') {
    reader.wrong('request_bound', 'must be true or false');
  }
  const id = reader.optionalText('identity_only_key_id');
  if (id !== undefined && !KEY_ID_FORM.test(id)) {
    reader.wrong('identity_only_key_id', 'must be visible ASCII characters');
  }
  return { requestBound: requestBound === true, ...(id === undefined ? {} : { identityOnlyKeyId: id }) };
}

function readLimits(reader: Reader | undefined): DaemonLimits {
  reader?.refuseOthers(Object.keys(LIMITS));
  const configured = (name: keyof typeof LIMITS) => {
    const { minimum, maximum } = LIMITS[name];
    return reader?.optionalNumber(name, minimum, maximum);
  };
  const evidenceDays = configured('evidence_days');
  return {
    connections: configured('connections') ?? LIMITS.connections.standard,
    streamRecords: configured('stream_records') ?? LIMITS.stream_records.standard,
    rememberedProofs: configured('remembered_proofs') ?? LIMITS.remembered_proofs.standard,
    ...(evidenceDays === undefined ? {} : { evidenceDays }),
  };
}

/** With nothing to authenticate by, everybody would be refused. */
function checkAuthentication({ issuers, hmac }: DaemonConfiguration, problems: Problems): void {
  if (issuers.length === 0 && !hmac.requestBound && hmac.identityOnlyKeyId === undefined) {
    problems.add([], 'names no way to authenticate runners: set issuers, or allow HMAC by name in hmac');
  }
}

function isPath(text: string): boolean {
  return text !== '' && !text.includes('\0');
}
