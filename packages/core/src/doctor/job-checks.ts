import { AuthenticationError, CavraError } from '../domain/diagnosis.ts';
import { IDENTITY_FIELDS } from '../domain/identity/sources.ts';
import type { PullRequestContext } from '../domain/pull-request/context.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import type { AuthenticationPlan } from '../gate/authentication/plan.ts';
import { NO_CHECKPOINT, type RunKeys } from '../gate/authentication/run-keys.ts';
import type { Environment } from '../settings/credentials.ts';
import { type Examination, missing, ok, warning } from './check.ts';
import { found, type Taken } from './steps.ts';

/** What `doctor` says of each step of the gate. */

export function tlsCheck(result: Taken['tls']): Examination {
  return result instanceof CavraError ? missing('tls', result) : ok('tls', 'servers are verified');
}

export function identityCheck(identity: Taken['identity']): readonly Examination[] {
  if (identity === undefined) return [];
  if (identity instanceof CavraError) return [missing('identity', identity)];
  const empty = IDENTITY_FIELDS.filter((field) => !identity[field]);
  const detail = IDENTITY_FIELDS.filter((field) => identity[field]).map((field) => `${field} ${identity[field]}`);
  if (identity.provider === 'local' || empty.length === 0) return [ok('identity', detail.join(', '))];
  return [warning('identity', detail.join(', '), `not known: ${empty.join(', ')}; the evidence will lack them`)];
}

export function choicesCheck(result: Taken['choices'], context: PullRequestContext | undefined): Examination {
  if (result instanceof CavraError) return missing('pull request', result);
  if (context === undefined) return ok('pull request', 'no');
  return warning(
    'pull request',
    `this job runs for ${context.event}${context.fork === 'yes' ? ', from a fork' : ''}`,
    'it counts as a pull request: it passes only where the trust policy names its event, and overrides of trust are refused',
  );
}

export function policyCheck(trust: Taken['trust']): readonly Examination[] {
  if (trust === undefined) return [];
  if (trust instanceof CavraError) return [missing('trust policy', trust)];
  const { policy, sha256, notes } = trust;
  return [
    ok('trust policy', policy === undefined ? notes.join('; ') : `${policy.rules.length} rules, sha256 ${sha256}`),
  ];
}

export function networkCheck(network: Taken['network']): readonly Examination[] {
  if (network === undefined) return [];
  if (network instanceof CavraError) return [missing('network', network)];
  return network.notes.map((note) => ok('network', note));
}

export function runtimeCheck(runtime: Taken['runtime'], environment: Environment): readonly Examination[] {
  if (!(runtime instanceof CavraError)) return [];
  const isDaemons =
    runtime.code === 'CAVRA-E234' || runtime.code === 'CAVRA-E223' || environment['CAVRA_DAEMON_SOCKET'];
  return [missing(isDaemons ? 'daemon' : 'runtime', runtime)];
}

export function keyChecks(keys: Taken['keys']): readonly Examination[] {
  if (keys === undefined) return [];
  if (keys instanceof CavraError) return [missing('keys', keys)];
  return keys.kind === 'run' ? [evidenceKeyCheck(keys.keys), ...keyNotes(keys.keys)] : [];
}

function evidenceKeyCheck({ evidence }: RunKeys): Examination {
  if (evidence === undefined) {
    return { name: 'evidence key', state: 'warning', detail: 'none: the evidence will not be signed' };
  }
  return ok('evidence key', evidence.id === '' ? 'without id: set CAVRA_DAEMON_EVIDENCE_KEY_ID' : evidence.id);
}

function keyNotes({ notes }: RunKeys): readonly Examination[] {
  return notes
    .filter((note) => note !== NO_CHECKPOINT)
    .map((note): Examination => ({ name: 'keys', state: 'warning', detail: note }));
}

export function attestationCheck({ keys, attestor }: Taken): readonly Examination[] {
  if (attestor instanceof CavraError) return [missing('attestation key', attestor)];
  const held = found(keys);
  if (held?.kind !== 'run') return [];
  const id = held.keys.attestation.signing?.id;
  if (id !== undefined) return [ok('attestation key', id)];
  const action =
    'make one with `keys generate --purpose attestation`, and let the job have it as CAVRA_ATTESTATION_KEY';
  return [warning('attestation key', NO_CHECKPOINT, action)];
}

/** Without a request there is nothing to check; the gate will want one. */
export function requestsCheck(requests: Taken['requests']): Examination {
  if (requests instanceof CavraError) {
    return requests.code === 'CAVRA-E202'
      ? warning('requests', 'none is named here: the gate will need one', 'name the request files to have them checked')
      : missing('requests', requests);
  }
  return ok('requests', (requests ?? []).map(({ path }) => path).join(', '));
}

/** How the gate would prove who this job is. A lack of proof ends the gate last: it is recorded as evidence first. */
export function authenticationCheck({ authentication, runtime, identity }: Taken): readonly Examination[] {
  if (authentication === undefined) return [];
  if (authentication instanceof CavraError) return [missing(PROOF, authentication)];
  if (authentication.method === 'none') return [missing(PROOF, authentication.reason)];
  const isDaemons = found(runtime)?.kind === 'daemon';
  const needs = isDaemons ? `; ${daemonNeeds(authentication, found(identity))}` : '';
  const checks = [ok(PROOF, `${describePlan(authentication)}${needs}`)];
  const notes = authentication.method === 'hmac' ? authentication.notes : [];
  return [...checks, ...notes.map((note): Examination => ({ name: PROOF, state: 'warning', detail: note }))];
}

const PROOF = 'authentication';

type Proving = Exclude<AuthenticationPlan, { method: 'none' }>;

function describePlan(plan: Proving): string {
  if (plan.method === 'hmac') return `HMAC-signed claims, key ${plan.key.id === '' ? 'without id' : plan.key.id}`;
  const { located, trust } = plan;
  const from = located.variable === undefined ? located.source : `${located.source} (${located.variable})`;
  return `OIDC token from ${from}${trust === undefined ? '' : `, issuer ${trust.issuer}, audience ${trust.audience}`}`;
}

/** What a resident daemon must have for this proof; whether it has is not for everybody to ask. */
function daemonNeeds(plan: Proving, identity: RunnerIdentity | undefined): string {
  return plan.method === 'hmac'
    ? 'the daemon must allow hmac.request_bound, and have it in its keyring as a runner key'
    : `the daemon must have an issuer for ${identity?.provider} with the audience ${plan.audience}`;
}

/** Without a policy, whatever is proven is refused in an event that is not on the list. */
export function eventCheck(context: PullRequestContext | undefined, { trust, runtime }: Taken): readonly Examination[] {
  const refusal = found(trust)?.refusal;
  if (context === undefined || refusal === undefined || found(runtime)?.kind === 'daemon') return [];
  return [missing('event', new AuthenticationError('CAVRA-E320', refusal))];
}
