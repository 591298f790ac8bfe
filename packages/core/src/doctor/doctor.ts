import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AuthenticationError, CavraError, ConfigurationError } from '../domain/diagnosis.ts';
import { readIdentity } from '../domain/identity/read.ts';
import { IDENTITY_FIELDS } from '../domain/identity/sources.ts';
import { pullRequestContext } from '../domain/pull-request/context.ts';
import type { Provider, RunnerIdentity } from '../domain/wire/messages.ts';
import { loadKeys, NO_CHECKPOINT, type RunKeys } from '../gate/authentication/run-keys.ts';
import { refuseUnverifiedTls } from '../io/http/network.ts';
import { errorCode } from '../io/system/system-error.ts';
import type { Environment } from '../settings/credentials.ts';
import { attempt, attemptAsync, type DoctorReport, type Examination, missing, ok, warning } from './check.ts';
import type { DoctorOptions } from './options.ts';

/**
 * Tells what this job offers the gate and what is missing, by the same rules as the gate itself. Nothing is written, and no token is
 * asked for; a resident daemon is asked to show its key, and for nothing else.
 */
export async function examineJob(options: DoctorOptions): Promise<DoctorReport> {
  const { environment } = options;
  const identity = attempt(() => readIdentity(environment));
  const known = identity instanceof CavraError ? undefined : identity;
  const first: Examination[] = [
    { name: 'node', state: 'ok', detail: options.nodeVersion },
    identityCheck(identity),
    pullRequestCheck(environment),
    tlsCheck(environment),
  ];
  const { method, checks } = await runtimeChecks(options, known);
  const examinations = [...first, ...checks, folderCheck(options)];
  const failure = examinations.find((each) => each.failure !== undefined)?.failure;
  return {
    ready: failure === undefined,
    provider: known?.provider ?? 'unknown',
    method,
    exit_code: failure?.exitStatus ?? 0,
    checks: examinations.map(({ failure: _, ...check }) => check),
  };
}

/** What the method of authentication is, and what a kind of runtime needs. */
interface RuntimeChecks {
  readonly method: DoctorReport['method'];
  readonly checks: readonly Examination[];
}

/** A gate that holds its keys and its trust itself. */
async function ownChecks(options: DoctorOptions, identity: RunnerIdentity | undefined): Promise<RuntimeChecks> {
  const keys = await attemptAsync(() => loadKeys(options));
  const { method, check } = await authenticationCheck(options, identity, keys);
  return { method, checks: [check, ...keyChecks(keys), await policyCheck(options)] };
}

/** Where another process decides, what the job needs depends on what is known of that. */
async function runtimeChecks(options: DoctorOptions, identity: RunnerIdentity | undefined): Promise<RuntimeChecks> {
  if (options.settings.socket === undefined) return ownChecks(options, identity);
  const [{ chooseRuntime }, { examineDaemon, examineSocket }] = await Promise.all([
    import('../gate/runtime/runtime-choice.ts'),
    import('./doctor-daemon.ts'),
  ]);
  const choice = await attemptAsync(() => chooseRuntime(options));
  if (choice instanceof CavraError) return { method: 'none', checks: [missing('daemon', choice)] };
  if (choice.kind === 'daemon') return examineDaemon(options, choice, identity);
  const { method, checks } = await ownChecks(options, identity);
  return choice.kind === 'plain-daemon'
    ? { method, checks: [...checks, ...(await examineSocket(choice.socket)), UNPINNED] }
    : { method, checks };
}

const UNPINNED = warning(
  'daemon key',
  'none is pinned: the daemon is believed by its evidence, for which this job holds the key',
  'pin the key of a daemon that signs its answers: daemon-public-key',
);

function identityCheck(identity: RunnerIdentity | CavraError): Examination {
  if (identity instanceof CavraError) return missing('identity', identity);
  const empty = IDENTITY_FIELDS.filter((field) => !identity[field]);
  const detail = IDENTITY_FIELDS.filter((field) => identity[field]).map((field) => `${field} ${identity[field]}`);
  if (identity.provider === 'local' || empty.length === 0) return ok('identity', detail.join(', '));
  return {
    ...ok('identity', detail.join(', ')),
    state: 'warning',
    action: `not known: ${empty.join(', ')}; the evidence will lack them`,
  };
}

function pullRequestCheck(environment: Environment): Examination {
  const context = pullRequestContext(environment);
  if (context === undefined) return ok('pull request', 'no');
  return {
    name: 'pull request',
    state: 'warning',
    detail: `this job runs for ${context.event}${context.fork === 'yes' ? ', from a fork' : ''}`,
    action: 'a pull request passes only where the trust policy names its event, and overrides of trust are refused',
  };
}

function tlsCheck(environment: Environment): Examination {
  const refused = attempt(() => refuseUnverifiedTls(environment));
  return refused instanceof CavraError ? missing('tls', refused) : ok('tls', 'servers are verified');
}

async function authenticationCheck(
  { settings, environment }: DoctorOptions,
  identity: RunnerIdentity | undefined,
  keys: RunKeys | CavraError,
): Promise<{ method: DoctorReport['method']; check: Examination }> {
  const runnerKey = keys instanceof CavraError ? undefined : keys.runner;
  const hmac = (detail: string) => ({ method: 'hmac' as const, check: ok('authentication', detail) });
  const none = (failure: CavraError) => ({ method: 'none' as const, check: missing('authentication', failure) });
  const keyName = runnerKey?.id === '' ? 'without id' : runnerKey?.id;
  if (settings.auth === 'hmac') {
    return runnerKey === undefined
      ? none(new AuthenticationError('CAVRA-E301', 'CAVRA_RUNNER_AUTH_HMAC_KEY is not set'))
      : hmac(`HMAC-signed claims, key ${keyName}`);
  }
  const provider = (identity?.provider ?? 'local') as Provider;
  const [{ locateToken }, { resolveOidcTrust }] = await Promise.all([
    import('../io/tokens/index.ts'),
    import('../domain/auth/oidc/trust-defaults.ts'),
  ]);
  const found = await attemptAsync(async () => {
    const located = await locateToken(provider, environment);
    if (located.source === 'none') throw located.reason;
    const { issuer, audience, jwksUrl, jwks, maxTokenAgeSeconds } = settings;
    const configured = { issuer, audience, jwksUrl, jwksFile: jwks, maxTokenAgeSeconds };
    return { located, trust: resolveOidcTrust({ provider, env: environment, configured }) };
  });
  if (!(found instanceof CavraError)) {
    const { located, trust } = found;
    const from = located.variable === undefined ? located.source : `${located.source} (${located.variable})`;
    const detail = `OIDC token from ${from}, issuer ${trust.issuer}, audience ${trust.audience}`;
    return { method: 'oidc', check: ok('authentication', detail) };
  }
  if (settings.auth === 'auto' && runnerKey !== undefined && settings.issuer === undefined) {
    return hmac(`HMAC-signed claims, key ${keyName}; no OIDC: ${found.message}`);
  }
  return none(found);
}

function keyChecks(keys: RunKeys | CavraError): Examination[] {
  if (keys instanceof CavraError) return [missing('keys', keys)];
  const { evidence, attestation } = keys;
  const check =
    evidence === undefined
      ? { name: 'evidence key', state: 'warning' as const, detail: 'none: the evidence will not be signed' }
      : ok('evidence key', evidence.id === '' ? 'without id: set CAVRA_DAEMON_EVIDENCE_KEY_ID' : evidence.id);
  const others = keys.notes.filter((note) => note !== NO_CHECKPOINT);
  return [
    check,
    attestationCheck(attestation.signing?.id),
    ...others.map((note): Examination => ({ name: 'keys', state: 'warning', detail: note })),
  ];
}

function attestationCheck(id: string | undefined): Examination {
  if (id !== undefined) return ok('attestation key', id);
  return {
    name: 'attestation key',
    state: 'warning',
    detail: NO_CHECKPOINT,
    action: 'make one with `keys generate --purpose attestation`, and let the job have it as CAVRA_ATTESTATION_KEY',
  };
}

async function policyCheck({ settings, workspace }: DoctorOptions): Promise<Examination> {
  const { trustPolicy, trustPolicySha256 } = settings;
  if (trustPolicy === undefined) {
    return ok('trust policy', 'none: only this repository may pass, and no pull request');
  }
  const { readTrustPolicyFile } = await import('../policy/trust-policy-file.ts');
  const read = await attemptAsync(() =>
    readTrustPolicyFile(resolve(workspace, trustPolicy), { sha256: trustPolicySha256 }),
  );
  if (read instanceof CavraError) return missing('trust policy', read);
  return ok('trust policy', `${read.policy.rules.length} rules, sha256 ${read.sha256}`);
}

/** Looks only: the folder is made by the gate. */
function folderCheck({ settings, workspace }: DoctorOptions): Examination {
  let folder = resolve(workspace, settings.evidenceDir);
  for (;;) {
    try {
      accessSync(folder, constants.W_OK);
      return ok('evidence folder', settings.evidenceDir);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' && dirname(folder) !== folder) {
        folder = dirname(folder);
        continue;
      }
      return missing('evidence folder', new ConfigurationError('CAVRA-E208', `${folder} is not writable`));
    }
  }
}
