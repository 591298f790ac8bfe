import { HMAC_IDENTITY } from '../domain/auth/hmac.ts';
import { createHmacAuthenticator } from '../domain/auth/hmac-authenticator.ts';
import type { RequestAuthenticator } from '../domain/auth/request-authenticator.ts';
import { createRunnerAuthenticator } from '../domain/auth/runner-authenticator.ts';
import type { DaemonHmac } from '../domain/daemon/configuration.ts';
import { CavraError, ConfigurationError } from '../domain/diagnosis.ts';
import type { HmacSigningKey, HmacVerificationKey } from '../domain/keys/hmac-keys.ts';
import type { Clock } from '../domain/ports.ts';
import { createSecretSearcher } from '../domain/secrets/searcher.ts';
import { createTrustPolicyEvaluator } from '../domain/trust/evaluator.ts';
import type { TrustPolicyEvaluator } from '../domain/trust/trust-decision.ts';
import type { VerifierIdentity } from '../domain/verification/report.ts';
import { type KeyringFile, readKeyringFile, resolveHmacKeys, resolveSigningKey } from '../io/files/keyring-file.ts';
import type { HttpClient } from '../io/http/http-client.ts';
import type { AttestationKeys } from '../keys/attestation-keys.ts';
import { readTrustPolicyFile } from '../policy/trust-policy-file.ts';
import { configuredSecrets, type Environment } from '../settings/credentials.ts';
import type { GateSettings } from '../settings/gate-settings.ts';
import {
  type AnswerKeyPair,
  type LoadedConfiguration,
  readAnswerKey,
  readDaemonConfiguration,
  requireKeptKeys,
  requireUnchangeable,
} from './configuration.ts';
import type { Engine } from './engine.ts';

export interface EngineOptions {
  /** Absolute path of the configuration. */
  readonly configuration: string;
  readonly environment: Environment;
  readonly now: Clock;
  readonly http: () => Promise<HttpClient>;
  /** This program, as checkpoints name it. */
  readonly verifier: VerifierIdentity;
}

export interface LoadedEngine extends LoadedConfiguration {
  readonly engine: Engine;
}

/**
 * Makes a daemon's engine of its configuration and of everything that this names: keyring, keys, trust policy. Nothing is half done: it
 * is complete and checked, or refused.
 *
 * @throws ConfigurationError CAVRA-E216 the file, CAVRA-E230 everything that is wrong
 */
export async function loadEngine(options: EngineOptions): Promise<LoadedEngine> {
  const { environment, now, http } = options;
  const loaded = await readDaemonConfiguration(options.configuration);
  const [keys, answerKey, trust, oidc] = await allOrEveryReason(loaded.path, [
    loadKeys(loaded, environment, now),
    readAnswerKey(loaded, environment),
    loadTrust(loaded),
    createOidc(loaded, now, http),
  ] as const);
  const { configuration, sha256 } = loaded;
  const attestor = createStreamAttestor(options, keys.attestation, configuration.rules, trust.sha256);
  const hmac = createHmac(configuration.name, configuration.hmac, keys.runner, now);
  const engine: Engine = {
    name: configuration.name,
    authenticator: createRunnerAuthenticator({
      ...(oidc === undefined ? {} : { oidc }),
      ...(hmac === undefined ? {} : { hmac }),
      // An HMAC authenticator is only there when the configuration names what it accepts.
      allowHmacBesideOidc: true,
    }),
    trust: trust.evaluator,
    rules: configuration.rules,
    ...(attestor === undefined ? {} : { attestor }),
    evidenceKey: keys.evidence,
    evidenceVerification: keys.evidenceVerification,
    answerKey,
    searcher: createSecretSearcher(secretsOf(environment, keys, answerKey)),
    limits: configuration.limits,
    configurationSha256: sha256,
  };
  return { ...loaded, engine };
}

interface DaemonKeys {
  readonly evidence: HmacSigningKey;
  readonly evidenceVerification: readonly HmacVerificationKey[];
  readonly runner: readonly HmacVerificationKey[];
  readonly attestation: AttestationKeys;
}

async function loadKeys(loaded: LoadedConfiguration, environment: Environment, now: Clock): Promise<DaemonKeys> {
  const { hmac } = loaded.configuration;
  await requireUnchangeable(loaded.paths.keyring, 'the keyring');
  const file = await readKeyringFile(loaded.paths.keyring);
  await requireKeptKeys(loaded, file);
  const evidence = await resolveSigningKey(file, 'evidence', environment, now());
  if (evidence === undefined) {
    throw wrong('the keyring has no active evidence key, and a daemon’s evidence is always signed');
  }
  const { keys: evidenceVerification } = await resolveHmacKeys(file, 'evidence', environment);
  const runner = await loadRunnerKeys(file, hmac, environment);
  const { loadAttestationKeys } = await import('../keys/attestation-keys.ts');
  const attestation = await loadAttestationKeys(environment, file, now());
  return { evidence, evidenceVerification, runner, attestation };
}

async function loadRunnerKeys(
  file: KeyringFile,
  { requestBound, identityOnlyKeyId }: DaemonHmac,
  environment: Environment,
): Promise<readonly HmacVerificationKey[]> {
  if (!requestBound && identityOnlyKeyId === undefined) return [];
  const { keys, unresolved } = await resolveHmacKeys(file, 'runner', environment);
  if (unresolved.length > 0) {
    throw wrong(`the secrets of these runner keys of the keyring are not here: ${unresolved.join(', ')}`);
  }
  if (identityOnlyKeyId !== undefined && !keys.some(({ id }) => id === identityOnlyKeyId)) {
    throw wrong('hmac.identity_only_key_id names no runner key of the keyring');
  }
  if (requestBound && !keys.some(({ id }) => id !== identityOnlyKeyId)) {
    throw wrong('hmac.request_bound is true, but the keyring has no runner key for it');
  }
  return keys;
}

interface DaemonTrust {
  readonly evaluator: TrustPolicyEvaluator;
  /** Of the policy's file. */
  readonly sha256: string;
}

async function loadTrust({ configuration, paths }: LoadedConfiguration): Promise<DaemonTrust> {
  await requireUnchangeable(paths.trustPolicy, 'the trust policy');
  const pinned = configuration.trustPolicy.sha256;
  const { policy, sha256 } = await readTrustPolicyFile(paths.trustPolicy, { sha256: pinned });
  return { evaluator: createTrustPolicyEvaluator(policy), sha256 };
}

/** What signs checkpoints, where the keyring or the environment has a key for that. */
function createStreamAttestor(
  { now, verifier }: EngineOptions,
  { signing, trust }: AttestationKeys,
  rules: GateSettings['rules'],
  policySha256: string,
): Engine['attestor'] {
  if (signing === undefined) return undefined;
  // Neither is a job's to choose: what it releases the daemon does not see, and the checkpoint before is that of its own stream.
  const settings = { subjectPaths: [], previousCheckpoint: undefined, rules };
  return async () => {
    const { createAttestor } = await import('../seal/attestor.ts');
    const options = { key: signing, trust, settings, workspace: '/', policySha256, verifier, nowMs: now() };
    return createAttestor(options);
  };
}

async function createOidc(
  loaded: LoadedConfiguration,
  now: Clock,
  http: () => Promise<HttpClient>,
): Promise<RequestAuthenticator | undefined> {
  const { issuers } = loaded.configuration;
  if (issuers.length === 0) return undefined;
  const [{ createIssuerRouter }, { createOidcAuthenticator }, sources, { dirname, resolve }] = await Promise.all([
    import('../domain/auth/oidc/router.ts'),
    import('../domain/auth/oidc/verify.ts'),
    import('../io/http/jwks-source.ts'),
    import('node:path'),
  ]);
  for (const { jwks, issuer } of issuers) {
    // Who can write an issuer's keys can be anybody.
    if ('file' in jwks) {
      await requireUnchangeable(resolve(dirname(loaded.path), jwks.file), `the key set of ${issuer}`);
    }
  }
  const client = issuers.some(({ jwks }) => 'url' in jwks) ? await http() : undefined;
  return createIssuerRouter(
    issuers.flatMap((trust) => {
      const { jwks: location } = trust;
      const jwks =
        'file' in location
          ? sources.createJwksFileSource(resolve(dirname(loaded.path), location.file))
          : client && sources.createJwksUrlSource({ url: location.url, http: client, now });
      return jwks === undefined
        ? []
        : [{ trust, authenticator: createOidcAuthenticator({ ...trust, jwks, now, replay: 'caller' }) }];
    }),
  );
}

/** Each form has keys of its own: what proves the identity alone never proves a request, and the other way round. */
function createHmac(
  audience: string,
  { requestBound, identityOnlyKeyId }: DaemonHmac,
  keys: readonly HmacVerificationKey[],
  now: Clock,
): RequestAuthenticator | undefined {
  if (keys.length === 0) return undefined;
  const identityOnly = keys.filter(({ id }) => id === identityOnlyKeyId);
  const others = keys.filter(({ id }) => id !== identityOnlyKeyId);
  const v1 =
    identityOnly.length === 0
      ? createRunnerAuthenticator({})
      : createHmacAuthenticator({ keys: identityOnly, audience, accept: ['v1'], now });
  const v2 = requestBound
    ? createHmacAuthenticator({ keys: others, audience, accept: ['v2'], now, nonces: 'caller' })
    : createRunnerAuthenticator({});
  return {
    authenticate: (request, auth) => (auth?.algorithm === HMAC_IDENTITY ? v1 : v2).authenticate(request, auth),
  };
}

function secretsOf(environment: Environment, keys: DaemonKeys, answerKey: AnswerKeyPair) {
  const all = [
    ...[keys.evidence, ...keys.evidenceVerification].map(({ id, secret }) => ({
      name: `the evidence key ${id}`,
      secret,
    })),
    ...keys.runner.map(({ id, secret }) => ({ name: `the runner key ${id}`, secret })),
  ].map(({ name, secret }) => ({ name, value: secret }));
  const { secrets } = keys.attestation;
  return [
    ...configuredSecrets(environment),
    ...all,
    ...secrets,
    { name: 'the signing key of the daemon', value: answerKey.text },
  ];
}

/** All results, or one error with the reasons of all that failed. */
async function allOrEveryReason<T extends readonly Promise<unknown>[]>(
  path: string,
  works: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(works);
  const reasons = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const unexpected = reasons.find((reason) => !(reason instanceof CavraError));
  if (unexpected !== undefined) throw unexpected;
  const known = reasons.filter((reason) => reason instanceof CavraError);
  if (known.length > 0) {
    const text = known
      .map(({ message, code }) => (code === 'CAVRA-E230' ? message : `${message} (${code})`))
      .join('; ');
    throw new ConfigurationError('CAVRA-E230', `${path}: ${text}`, { cause: known[0] });
  }
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined)) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}

function wrong(message: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E230', message);
}
