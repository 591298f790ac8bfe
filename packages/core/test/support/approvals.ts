import { createHash } from 'node:crypto';
import { type SigningOptions, type SshSigner, sshSign, sshSigner } from '../../../../test/support/ssh-signer.ts';
import type {
  ApprovalCase,
  ApprovalFacts,
  ApprovedRun,
  OfferedApproval,
} from '../../src/domain/approvals/judging/facts.ts';
import { parseSshPublicKey } from '../../src/domain/approvals/sshsig/public-key.ts';
import {
  type ApprovalPredicate,
  type ApprovalStatement,
  encodeApproval,
} from '../../src/domain/approvals/statement.ts';
import type { ApprovalTerms, Approver } from '../../src/domain/approvals/terms.ts';

export const NOW = Date.parse('2026-11-27T10:00:00Z');
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
export const REQUEST_SHA256 = createHash('sha256').update('request').digest('hex');
export const ARTIFACT = { name: 'dist/app.tgz', sha256: createHash('sha256').update('artifact').digest('hex') };

export const ann = sshSigner();
export const bob = sshSigner();
export const cara = sshSigner();

export function person(name: string, members: Partial<Approver> & { readonly signer?: SshSigner } = {}): Approver {
  const { signer, ...rest } = members;
  return {
    name,
    ids: {},
    keys: signer === undefined ? [] : [{ publicKey: parseSshPublicKey(signer.publicKey) }],
    ...rest,
  };
}

export const TERMS: ApprovalTerms = {
  required: 1,
  approvers: ['managers'],
  sources: ['ssh', 'github-environment', 'github-pull-request'],
  exclude: ['starter'],
  bind: undefined,
  maxAgeMs: 72 * 3_600_000,
  ssh: { userPresence: true, userVerification: false, webauthnOrigins: [] },
  emergency: [],
};

export const RUN: ApprovedRun = {
  provider: 'github-actions',
  repository: 'octo-org/octo-repo',
  issuer: 'https://token.actions.githubusercontent.com',
  repositoryId: '74',
  commit: COMMIT,
  runId: '30433642',
  asserted: [],
};

export const MANAGERS: readonly Approver[] = [
  person('ann', { ids: { github: '1001' }, signer: ann }),
  person('bob', { ids: { github: '1002' }, signer: bob }),
];

export interface CaseChanges {
  readonly terms?: Partial<ApprovalTerms>;
  readonly run?: Partial<ApprovedRun>;
  readonly request?: Partial<ApprovalFacts['request']>;
  readonly facts?: Partial<Pick<ApprovalFacts, 'artifacts' | 'starters' | 'authors' | 'nowMs'>>;
  readonly lists?: Readonly<Record<string, readonly Approver[]>>;
}

/** A run of GitHub that user 9 started, and two managers, whose approvals count unless a test changes something. */
export function caseOf({ terms, run, request, facts, lists = {} }: CaseChanges = {}): ApprovalCase {
  return {
    terms: { ...TERMS, ...terms },
    lists: new Map(Object.entries({ managers: MANAGERS, ...lists })),
    facts: {
      request: {
        name: 'prod.json',
        sha256: REQUEST_SHA256,
        target: 'production',
        releaseVersion: '1.2.3',
        metadataKind: 'rollout-promotion-execution',
        requiredCount: 0,
        ...request,
      },
      run: { ...RUN, ...run },
      artifacts: [],
      starters: { ids: ['9'] },
      authors: { ids: ['8'] },
      nowMs: NOW,
      ...facts,
    },
  };
}

export interface StatementChanges extends Partial<Omit<ApprovalStatement, 'predicate'>> {
  readonly predicate?: Partial<ApprovalPredicate>;
}

export function statementOf({ predicate, ...changes }: StatementChanges = {}): ApprovalStatement {
  return {
    request: { name: 'prod.json', sha256: REQUEST_SHA256 },
    commit: COMMIT,
    artifacts: [],
    ...changes,
    predicate: {
      decision: 'approve',
      provider: 'github-actions',
      issuer: null,
      repository: 'octo-org/octo-repo',
      repository_id: null,
      run_id: null,
      target: 'production',
      release_version: '1.2.3',
      metadata_kind: 'rollout-promotion-execution',
      reason: '',
      not_before: '2026-11-27T09:00:00Z',
      not_after: '2026-11-30T09:00:00Z',
      nonce: '00112233445566778899aabbccddeeff',
      ...predicate,
    },
  };
}

export function approvalBy(
  signer: SshSigner,
  changes: StatementChanges = {},
  options: SigningOptions = {},
): OfferedApproval {
  const statement = encodeApproval(statementOf(changes));
  return { name: 'approvals/prod.approval.json', statement, signature: sshSign(signer, statement, options) };
}
