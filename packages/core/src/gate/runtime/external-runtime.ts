import { join, resolve } from 'node:path';
import type { GovernanceRuntime } from '../../daemon/runtime.ts';
import { STREAM_FILE } from '../../domain/evidence/files.ts';
import type { HmacSigningKey } from '../../domain/keys/hmac-keys.ts';
import { createSecretSearcher } from '../../domain/secrets/searcher.ts';
import type { TrustPolicyEvaluator } from '../../domain/trust/trust-decision.ts';
import { findRecord } from '../../io/evidence/find-record.ts';
import { acquireWriterLock } from '../../io/locks/writer-lock.ts';
import { startExternalDaemon } from '../../io/runtime/external-daemon.ts';
import { makePrivateCopy } from '../../io/runtime/private-copy.ts';
import { askPlainly } from '../../io/socket/daemon-client.ts';
import type { Environment } from '../../settings/credentials.ts';
import type { Authentication } from '../authentication/authentication.ts';
import type { RunKeys } from '../authentication/run-keys.ts';
import { secretsOf } from '../authentication/run-secrets.ts';
import type { CreateGateOptions } from '../run/gate-options.ts';
import { GuardedRuntime } from './guarded-runtime.ts';
import type { RuntimeChoice } from './runtime-choice.ts';
import { loadPinnedProgram } from './runtime-package.ts';

/** A runtime of somebody else that writes this run's evidence. */
export interface OtherRuntime {
  /** @param folder of the evidence, absolute; ready to be continued by another writer */
  open(folder: string): Promise<GovernanceRuntime>;
  /** For people. */
  readonly note: string;
}

export interface OtherRuntimeParts {
  readonly keys: RunKeys;
  readonly authentication: Authentication;
  readonly trust: TrustPolicyEvaluator;
}

/**
 * Gets the runtime of somebody else ready: a program that is verified before it is run, or a daemon that knows only the plain protocol.
 *
 * @throws ConfigurationError CAVRA-E218, CAVRA-E223, CAVRA-E233 the program is not what is pinned
 */
export async function prepareOtherRuntime(
  options: CreateGateOptions,
  choice: RuntimeChoice & { readonly kind: 'external' | 'plain-daemon' },
  parts: OtherRuntimeParts,
): Promise<OtherRuntime> {
  return choice.kind === 'external' ? prepareProgram(options, parts) : preparePlainDaemon(options, choice, parts);
}

async function prepareProgram(options: CreateGateOptions, parts: OtherRuntimeParts): Promise<OtherRuntime> {
  const { settings, workspace, environment, now, randomBytes } = options;
  const pinned = await loadPinnedProgram(settings, workspace);
  return {
    note: `decided by an ${pinned.description}`,
    async open(folder) {
      const lock = await acquireWriterLock({ folder, stream: STREAM_FILE, clock: now, randomBytes });
      try {
        const copy = await makePrivateCopy(pinned.bytes, pinned.sha256);
        const evidenceLog = join(folder, STREAM_FILE);
        const daemon = await startExternalDaemon({
          copy,
          evidenceLog,
          options: programOptions(parts, workspace),
          environment: programEnvironment(environment, parts),
          searcher: createSecretSearcher(secretsOf(environment, parts.keys)),
        });
        const close = async () => {
          await daemon.stop();
          await lock.release();
        };
        return guarded(options, parts, { ask: daemon.socket, evidenceLog, close });
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
  };
}

async function preparePlainDaemon(
  options: CreateGateOptions,
  { socket, evidenceLog }: RuntimeChoice & { readonly kind: 'plain-daemon' },
  parts: OtherRuntimeParts,
): Promise<OtherRuntime> {
  return {
    note: 'decided by a daemon that signs no answers; it is believed by the signatures of its evidence',
    async open(folder) {
      const { copyEvidence } = await import('../../io/evidence/copy-evidence.ts');
      const close = () => copyEvidence(evidenceLog, folder);
      return guarded(options, parts, { ask: socket, evidenceLog: join(folder, STREAM_FILE), close });
    },
  };
}

function guarded(
  { settings }: CreateGateOptions,
  { authentication, trust }: OtherRuntimeParts,
  other: { readonly ask: string; readonly evidenceLog: string; readonly close: () => Promise<void> },
): GovernanceRuntime {
  return new GuardedRuntime({
    authenticator: authentication.authenticator,
    trust,
    rules: settings.rules,
    ask: (request) => askPlainly(other.ask, request),
    close: other.close,
    findRecord: (recordId) => findRecord(other.evidenceLog, recordId),
  });
}

/** Only one way to authenticate is configured, so that no caller could choose (weakness row 31). */
function programOptions({ keys, authentication }: OtherRuntimeParts, workspace: string): readonly string[] {
  const { trust } = authentication;
  const options = keyId('--evidence-signing-key-id', keys.evidence);
  if (trust === undefined) return [...options, ...keyId('--runner-auth-key-id', keys.runner)];
  const { issuer, audience, jwks } = trust;
  const keySource =
    'file' in jwks ? ['--runner-oidc-jwks', resolve(workspace, jwks.file)] : ['--runner-oidc-jwks-url', jwks.url];
  return [...options, '--runner-oidc-issuer', issuer, '--runner-oidc-audience', audience, ...keySource];
}

function keyId(option: string, key: HmacSigningKey | undefined): string[] {
  return key === undefined || key.id === '' ? [] : [option, key.id];
}

/** What a program needs to find its way; nothing else of the job's environment, which may hold any secret, is passed on. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SystemRoot',
  'TEMP',
  'TMP',
] as const;

function programEnvironment(environment: Environment, { keys, authentication }: OtherRuntimeParts): Environment {
  const plain = PASSED_ON.map((name) => [name, environment[name]] as const);
  const runner = authentication.trust === undefined ? keys.runner : undefined;
  const secrets = [
    ['CAVRA_DAEMON_EVIDENCE_HMAC_KEY', text(keys.evidence)],
    ['CAVRA_DAEMON_EVIDENCE_KEY_ID', keys.evidence?.id],
    ['CAVRA_RUNNER_AUTH_HMAC_KEY', text(runner)],
    ['CAVRA_RUNNER_AUTH_KEY_ID', runner?.id],
  ] as const;
  return Object.fromEntries([...plain, ...secrets].filter(([, value]) => value !== undefined && value !== ''));
}

function text(key: HmacSigningKey | undefined): string | undefined {
  return key === undefined ? undefined : Buffer.from(key.secret).toString('utf8');
}
