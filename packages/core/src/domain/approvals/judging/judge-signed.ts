import { Buffer } from 'node:buffer';
import { CLOCK_TOLERANCE_SECONDS, MAX_EMERGENCY_MS } from '../../limits.ts';
import { idOn } from '../countable.ts';
import { SshSignatureError } from '../sshsig/error.ts';
import { sshPublicKeySha256 } from '../sshsig/public-key.ts';
import { readSshSignature, type SshSignature } from '../sshsig/signature.ts';
import { verifySshSignature } from '../sshsig/verify.ts';
import { APPROVAL_NAMESPACE, type ApprovalPredicate, type ApprovalStatement } from '../statement.ts';
import { type Approver, pastReason, peopleOf, type SshTerms } from '../terms.ts';
import { formatDuration, parseApprovalTime } from '../times.ts';
import { bindingProblem, defaultBinding, EMERGENCY_BINDING } from './binding.ts';
import { exclusionProblem } from './exclusion.ts';
import type { ApprovalCase } from './facts.ts';

import type { SelectedApproval } from './select.ts';
import type { JudgedApproval } from './verdict.ts';

/** Judges one signed approval of the request: whose it is, what it is of, when, and how it was signed. */
export function judgeSigned({ offered, statement }: SelectedApproval, context: ApprovalCase): JudgedApproval {
  const { predicate } = statement;
  const signature = verifiedSignature(offered);
  const person = typeof signature === 'string' ? undefined : ownerOf(signature, context);
  const whyNot = typeof signature === 'string' ? signature : problemOf(statement, signature, person, context);
  return {
    source: 'ssh',
    approver: {
      name: person?.name ?? null,
      id: (person === undefined ? undefined : idOn(person, context.facts.run.provider)) ?? null,
    },
    decision: predicate.decision,
    givenAtMs: parseApprovalTime(predicate.not_before) ?? null,
    boundTo: boundTo(statement),
    counted: whyNot === undefined,
    whyNot: whyNot ?? null,
    proof: {
      statement: Buffer.from(offered.statement).toString('utf8'),
      signature: offered.signature === null ? null : Buffer.from(offered.signature).toString('utf8'),
    },
  };
}

/** The signature, or why it is none. */
function verifiedSignature({ statement, signature }: SelectedApproval['offered']): SshSignature | string {
  if (signature === null) return 'no signature stands beside it (.sig)';
  try {
    const read = readSshSignature(signature);
    verifySshSignature(read, statement, APPROVAL_NAMESPACE);
    return read;
  } catch (error) {
    if (error instanceof SshSignatureError) return error.message;
    throw error;
  }
}

/** The one whose key it is, in any list of the policy. */
function ownerOf({ publicKey }: SshSignature, { lists }: ApprovalCase): Approver | undefined {
  return peopleOf(lists, [...lists.keys()]).find(({ keys }) =>
    keys.some((key) => key.publicKey.blob.equals(publicKey.blob)),
  );
}

function problemOf(
  statement: ApprovalStatement,
  signature: SshSignature,
  person: Approver | undefined,
  context: ApprovalCase,
): string | undefined {
  const { predicate } = statement;
  if (person === undefined)
    return `its key (SHA-256 ${sshPublicKeySha256(signature.publicKey).slice(0, 16)}…) stands in no list`;
  return (
    roleProblem(predicate, person, context) ??
    pastReason(person, context.facts.nowMs) ??
    keyProblem(signature, person, context.facts.nowMs) ??
    bindingProblem(statement, context.facts, bindingOf(predicate, context)) ??
    periodProblem(predicate, context) ??
    authenticatorProblem(signature, predicate, context.terms.ssh) ??
    emergencyProblem(predicate) ??
    (predicate.decision === 'approve' ? exclusionProblem(person, context) : undefined)
  );
}

/** An emergency takes its own list; a rejection is taken from whoever could have let the release pass. */
function roleProblem(
  { decision }: ApprovalPredicate,
  { name }: Approver,
  { terms, lists }: ApprovalCase,
): string | undefined {
  const isIn = (names: readonly string[]) => peopleOf(lists, names).some((person) => person.name === name);
  if (decision === 'reject') {
    return isIn([...terms.approvers, ...terms.emergency]) ? undefined : 'the person is not among its approvers';
  }
  if (decision === 'emergency') return isIn(terms.emergency) ? undefined : 'the person may not declare an emergency';
  if (!isIn(terms.approvers)) return 'the person is not among its approvers';
  return terms.sources.includes('ssh') ? undefined : 'the policy takes no signatures for this release';
}

function keyProblem({ publicKey }: SshSignature, { keys }: Approver, nowMs: number): string | undefined {
  const key = keys.find((each) => each.publicKey.blob.equals(publicKey.blob));
  if (key?.validAfter !== undefined && nowMs < key.validAfter) return 'its key is not valid yet';
  if (key?.validBefore !== undefined && nowMs >= key.validBefore) return 'its key is no longer valid';
  return undefined;
}

function bindingOf({ decision }: ApprovalPredicate, { terms, facts }: ApprovalCase) {
  return decision === 'emergency' ? EMERGENCY_BINDING : (terms.bind ?? defaultBinding(facts));
}

function periodProblem(
  { decision, not_before, not_after }: ApprovalPredicate,
  { terms, facts }: ApprovalCase,
): string | undefined {
  const from = parseApprovalTime(not_before) ?? Number.NaN;
  const until = parseApprovalTime(not_after) ?? Number.NaN;
  const longest = decision === 'emergency' ? Math.min(MAX_EMERGENCY_MS, terms.maxAgeMs) : terms.maxAgeMs;
  // Written so that a time that is none is never within.
  if (!(from <= facts.nowMs + CLOCK_TOLERANCE_SECONDS * 1_000)) return `it begins at ${not_before}, in the future`;
  if (!(facts.nowMs < until)) return `it expired at ${not_after}`;
  if (!(until - from <= longest)) return `it lasts longer than ${formatDuration(longest)}`;
  return undefined;
}

function authenticatorProblem(
  { authenticator }: SshSignature,
  { decision }: ApprovalPredicate,
  ssh: SshTerms,
): string | undefined {
  if (authenticator === null) return undefined;
  const { userPresence, userVerification, browser } = authenticator;
  if (!userPresence && (ssh.userPresence || decision === 'emergency')) return 'its key was not touched';
  if (!userVerification && ssh.userVerification) return 'its key was given no PIN';
  if (browser !== null && !ssh.webauthnOrigins.includes(browser.origin)) {
    return 'a browser signed it from a page that the policy does not name';
  }
  return undefined;
}

function emergencyProblem({ decision, reason }: ApprovalPredicate): string | undefined {
  return decision === 'emergency' && reason.trim() === '' ? 'an emergency needs a reason' : undefined;
}

function boundTo({ request, commit, artifacts, predicate }: ApprovalStatement): Readonly<Record<string, string>> {
  const { provider, repository, run_id, target, release_version } = predicate;
  const all: Readonly<Record<string, string | null>> = {
    repository: `${provider}:${repository}`,
    request: request.sha256,
    commit,
    run_id,
    target,
    release_version,
    artifacts: artifacts.length === 0 ? null : artifacts.map(({ sha256 }) => sha256).join(' '),
    not_after: predicate.not_after,
  };
  const said = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(said);
}
