import type { ApprovalsFinding } from '../../decision/facts.ts';
import type { Clock } from '../../ports.ts';
import type { AskedApprovals, AuthenticatedRunner } from '../../trust/trust-decision.ts';
import { approvalsLine, approvalsReference, encodeApprovalsLine } from '../evidence/line.ts';
import type { NamedDigest } from '../statement.ts';
import type { PlatformSource } from '../terms.ts';
import { approvedRequest } from './approved-request.ts';
import { approvedRun, provenStarters } from './approved-run.ts';
import type { ApprovalCase, OfferedApproval, People, SourceAnswer } from './facts.ts';
import { judgeApprovals } from './judge.ts';
import { type ApprovalsVerdict, findingOf } from './verdict.ts';

/** The exact bytes of a request, and where they came from. */
export interface RequestOriginal {
  readonly bytes: Uint8Array;
  /** Null: it was given inline. */
  readonly path: string | null;
}

/** One request whose trust rule asks for approvals. */
export interface JudgedRequest {
  readonly original: RequestOriginal;
  readonly runner: AuthenticatedRunner;
  readonly asked: AskedApprovals;
  /** Name of the trust rule. */
  readonly rule: string;
}

export interface RequestJudgement {
  readonly verdict: ApprovalsVerdict;
  /** The same as the rules read it. */
  readonly finding: ApprovalsFinding;
  /** The line of the approvals file, without its line end, and what a response refers to it by. */
  line(recordId: string): { readonly text: string; readonly reference: string };
}

/** What a platform knows of a run. Nothing here rejects for what a platform does: what it cannot say is in the answer. */
export interface ApprovalPlatform {
  /** People who started the run beside those that the token names; `unresolved` where they cannot be known. */
  starters(question: JudgedRequest): Promise<People>;
  authors(question: JudgedRequest): Promise<People>;
  ask(source: PlatformSource, question: JudgedRequest): Promise<SourceAnswer>;
}

export interface RequestJudgeOptions {
  readonly offered: readonly OfferedApproval[];
  /** What is released. */
  readonly artifacts: readonly NamedDigest[];
  readonly now: Clock;
  /** Undefined: nobody asks a platform, so that its approvals, and whom only it knows, are not known. */
  readonly platform?: ApprovalPlatform | undefined;
}

/** Judges the approvals of the requests of one run. */
export class RequestJudge {
  readonly #options: RequestJudgeOptions;

  constructor(options: RequestJudgeOptions) {
    this.#options = options;
  }

  /** @throws ConfigurationError CAVRA-E252 more approvals than one request may have */
  async judge(question: JudgedRequest): Promise<RequestJudgement> {
    const { offered, artifacts, now, platform = NO_PLATFORM } = this.#options;
    const { original, runner, asked, rule } = question;
    const { terms, lists } = asked;
    const sources = terms.sources.filter((source) => source !== 'ssh');
    const [starters, authors, answers] = await Promise.all([
      this.#starters(question),
      terms.exclude.includes('commit-authors') ? platform.authors(question) : NOT_ASKED_FOR,
      Promise.all(sources.map((source) => platform.ask(source, question))),
    ]);
    const context: ApprovalCase = {
      terms,
      lists,
      facts: {
        request: approvedRequest(original.bytes, original.path),
        run: approvedRun(runner),
        artifacts,
        starters,
        authors,
        nowMs: now(),
      },
    };
    const verdict = judgeApprovals(context, offered, answers);
    return {
      verdict,
      finding: findingOf(verdict),
      line(recordId) {
        const text = encodeApprovalsLine(approvalsLine(context, verdict, { recordId, trustRule: rule }));
        return { text, reference: approvalsReference(text) };
      },
    };
  }

  /** Those of the token and those that the platform knows; where either is not known, nobody is. */
  async #starters(question: JudgedRequest): Promise<People> {
    const proven = provenStarters(question.runner);
    if (this.#options.platform === undefined || question.runner.method === 'hmac') return proven;
    const known = await this.#options.platform.starters(question);
    if (known.unresolved !== undefined) return known;
    return { ids: [...new Set([...(proven.ids ?? []), ...known.ids])] };
  }
}

const NOT_ASKED_FOR: People = { unresolved: 'the policy does not exclude them' };

const NO_PLATFORM: ApprovalPlatform = {
  starters: async () => ({ ids: [] }),
  authors: async () => ({ unresolved: 'this program cannot ask the platform' }),
  ask: async (source) => ({ source, entries: [], problem: 'this program cannot ask the platform' }),
};
