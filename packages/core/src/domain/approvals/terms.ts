import type { SshPublicKey } from './sshsig/public-key.ts';

/** What a rule of a trust policy asks of approvals, and of whom (docs/trust-policy.md#approvals). Times are Unix milliseconds. */

/** `ssh`: a signature; the others: what a platform recorded. */
export const APPROVAL_SOURCES = [
  'ssh',
  'github-environment',
  'github-pull-request',
  'gitlab-deployment',
  'azure-approval',
] as const;
export type ApprovalSource = (typeof APPROVAL_SOURCES)[number];
export type PlatformSource = Exclude<ApprovalSource, 'ssh'>;

/** Whose approval does not count. */
export const EXCLUSIONS = ['starter', 'commit-authors'] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

/** What a signed approval must name. */
export const BINDINGS = ['commit', 'request', 'artifacts', 'run'] as const;
export type Binding = (typeof BINDINGS)[number];

/** Where people have ids. */
export const PEOPLE_PLATFORMS = ['github', 'gitlab', 'azure'] as const;
export type PeoplePlatform = (typeof PEOPLE_PLATFORMS)[number];

export interface ApproverKey {
  readonly publicKey: SshPublicKey;
  /** First moment at which a signature of the key counts; absent: always. */
  readonly validAfter?: number;
  /** First moment at which it no longer counts; absent: never. */
  readonly validBefore?: number;
}

/** A person who may approve. */
export interface Approver {
  /** Unique in the policy. Evidence and reports name the person by it, so that it is no e-mail address. */
  readonly name: string;
  /** Numeric ids in decimal; of Azure a GUID in lower case. */
  readonly ids: Readonly<Partial<Record<PeoplePlatform, string>>>;
  readonly keys: readonly ApproverKey[];
  /** First moment at which nothing of the person counts any more: a leaver ... */
  readonly validBefore?: number;
  /** ... or somebody whose keys or accounts are no longer their own. */
  readonly revokedSince?: number;
}

/** The lists of a policy, by name. */
export type ApproverLists = ReadonlyMap<string, readonly Approver[]>;

export interface SshTerms {
  /** Whether a key on an authenticator must have been touched. */
  readonly userPresence: boolean;
  /** Whether it must have had a PIN or a fingerprint. Neither is asked of a key that is on no authenticator. */
  readonly userVerification: boolean;
  /** From which pages a browser may sign; empty: none may. */
  readonly webauthnOrigins: readonly string[];
}

/** What one rule asks for. */
export interface ApprovalTerms {
  /** How many different people. */
  readonly required: number;
  /** Names of lists. */
  readonly approvers: readonly string[];
  readonly sources: readonly ApprovalSource[];
  readonly exclude: readonly Exclusion[];
  /** Undefined: commit and request, and the artifacts where the gate is given some. */
  readonly bind: readonly Binding[] | undefined;
  readonly maxAgeMs: number;
  readonly ssh: SshTerms;
  /** Names of the lists whose people may let a release pass alone; empty: nobody may. */
  readonly emergency: readonly string[];
}

/** The people of some lists, each once. */
export function peopleOf(lists: ApproverLists, names: readonly string[]): readonly Approver[] {
  const people = new Map<string, Approver>();
  for (const person of names.flatMap((name) => lists.get(name) ?? [])) people.set(person.name, person);
  return [...people.values()];
}

/** Why nothing of a person counts at this time; undefined: it does. */
export function pastReason({ validBefore, revokedSince }: Approver, nowMs: number): string | undefined {
  if (revokedSince !== undefined && nowMs >= revokedSince) return 'the person is revoked';
  if (validBefore !== undefined && nowMs >= validBefore) return 'the person is no longer an approver';
  return undefined;
}
