import type { KeyPeriod } from '../../domain/keys/validity.ts';
import type { StreamStory } from '../../domain/story/stream-shape.ts';
import type { VerificationReport, VerifierIdentity } from '../../domain/verification/report.ts';
import type { Prose } from './prose.ts';
import type { GateResult } from './run-result.ts';

/** What a report for people is made of; `reportModel` puts it in order, and the renderers only write it down. */
export interface ReportInput {
  /** The gate's result; undefined: somebody verified evidence by itself. */
  readonly gate?: GateResult;
  /** Undefined: the gate ended without one. */
  readonly verification: VerificationReport | undefined;
  /** What the stream tells; undefined: it could not be read. */
  readonly story: StreamStory | undefined;
  /** Periods of the keys that were checked with. */
  readonly keys?: readonly NamedKeyPeriod[];
  /** Unix milliseconds. */
  readonly now: number;
  readonly generator: VerifierIdentity;
}

export interface NamedKeyPeriod extends KeyPeriod {
  readonly id: string;
}

/** How a reader should take it: as it should be, to be aware of, wrong, or neither. */
export type Tone = 'good' | 'warn' | 'bad' | 'neutral';

/** A report for people, the same for every renderer. All texts are as they were found: renderers escape them. */
export interface ReportModel {
  readonly title: string;
  readonly generator: VerifierIdentity;
  /** RFC 3339, to the second. */
  readonly generatedAt: string;
  readonly verdict: Verdict;
  /** Which run it is about, in a few words: repository, ref, commit, run. */
  readonly about: readonly string[];
  /** The verdict in its parts, one line each. */
  readonly checks: readonly Check[];
  readonly runner: RunnerPart;
  readonly decisions: DecisionPart;
  readonly chain: ChainPart;
  readonly findings: FindingPart;
  readonly keys: readonly KeyLine[];
  /** Checkpoint and end of the stream. */
  readonly seal: readonly Check[];
  readonly unchecked: readonly Prose[];
  readonly commands: readonly AuditCommand[];
  readonly controls: readonly ControlLine[];
  readonly notes: readonly string[];
  /** What identifies the evidence. */
  readonly subject: readonly Fact[];
}

export interface Verdict {
  readonly tone: Tone;
  readonly headline: string;
  readonly summary: Prose;
  /** What to do; undefined when nothing is to be done. */
  readonly action: Prose | undefined;
}

export interface Check {
  readonly tone: Tone;
  readonly label: string;
  readonly text: Prose;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  /** A hash, an id or a name, for a fixed-width font. */
  readonly code?: boolean;
}

export interface RunnerPart {
  /** In the words of the section's first line: who says so. */
  readonly summary: Prose;
  /** What several runners have in common, said once; empty when there is only one. */
  readonly common: readonly RunnerField[];
  readonly runners: readonly RunnerLine[];
  /** Records of runners that are not listed. */
  readonly omitted: number;
}

export interface RunnerLine {
  /** Which records it asked for; empty when there is only this runner. */
  readonly scope: string;
  readonly fields: readonly RunnerField[];
}

export interface RunnerField extends Fact {
  /** `proven` by the token or key, `stated` by the job alone; undefined: the evidence does not say. */
  readonly proof: 'proven' | 'stated' | undefined;
}

export interface DecisionPart {
  /** Said before all else when what follows cannot be relied on. */
  readonly caution: Prose | undefined;
  readonly total: number;
  readonly rows: readonly DecisionLine[];
  /** Rows that are not listed. */
  readonly omitted: number;
  /** By rule; empty when `rows` holds every decision. */
  readonly rules: readonly RuleLine[];
  /** Records of rules that are not listed. */
  readonly otherRules: number;
}

export interface DecisionLine {
  /** What `names` are. */
  readonly named: 'record' | 'request';
  /** Request files or numbers of records to which this was answered, and how many of them are not named. */
  readonly names: readonly string[];
  readonly moreNames: number;
  readonly decision: string;
  readonly tone: Tone;
  /** The records are not as they were written: what they say is not to be relied on. */
  readonly doubtful: boolean;
  /** Where the decision is not the expected one: that one. */
  readonly expected: string | undefined;
  readonly ruleId: string;
  readonly severity: string;
  readonly reason: string;
  /** What was asked, one fact after the other. */
  readonly question: readonly Fact[];
}

export interface RuleLine {
  readonly ruleId: string;
  readonly decision: string;
  readonly tone: Tone;
  readonly records: number;
  readonly firstRecord: number;
  readonly reason: string;
}

/** The chain, to be drawn. */
export interface ChainPart {
  readonly records: number;
  /** Records with errors, as far as the verification report lists them. */
  readonly broken: number;
  /** In words, for those who do not see the drawing. */
  readonly summary: Prose;
  readonly firstTime: string;
  readonly lastTime: string;
  /** The whole stream in few cells; empty when every record is a link below. */
  readonly cells: readonly ChainCell[];
  readonly spans: readonly ChainSpan[];
  readonly links: readonly ChainLink[];
  /** Whether a cut at the end would show; undefined: there is no stream. */
  readonly end: Check | undefined;
}

export interface ChainCell {
  readonly from: number;
  readonly to: number;
  readonly allow: number;
  readonly requireApproval: number;
  readonly block: number;
  /** Records of which the verifier could not read a word. */
  readonly unreadable: number;
  /** Records with errors, as far as the verification report lists them. */
  readonly broken: number;
  /** Time of the last record in it, from 0 (the stream's earliest) to 1 (its latest); undefined: none is known. */
  readonly time: number | undefined;
}

export interface ChainSpan {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly tone: Tone;
}

/** One record of the chain, or some that are not shown. */
export type ChainLink =
  | { readonly kind: 'gap'; readonly records: number }
  | {
      readonly kind: 'record';
      readonly record: number;
      readonly decision: string;
      readonly tone: Tone;
      readonly time: string;
      readonly recordHash: string;
      /** The hash of the record that it says it follows; empty when not known, or when it says none. */
      readonly previousHash: string;
      readonly key: string;
      /** Whether it holds on to the record before it; `first`: there is none. */
      readonly link: 'first' | 'linked' | 'broken';
      readonly problems: readonly string[];
    };

export interface FindingPart {
  readonly errors: number;
  readonly warnings: number;
  readonly rows: readonly FindingLine[];
  readonly omitted: number;
}

export interface FindingLine {
  readonly tone: Tone;
  readonly code: string;
  /** 0: not about one record or line. */
  readonly record: number;
  readonly line: number;
  readonly offset: number;
  readonly message: string;
  readonly meaning: string;
}

export interface KeyLine {
  readonly id: string;
  readonly tone: Tone;
  readonly status: string;
  readonly records: number;
  /** From which record to which; empty when not known. */
  readonly used: string;
  /** In which period it may sign; empty when not known. */
  readonly period: string;
}

/** What an auditor can run. */
export interface AuditCommand {
  readonly purpose: Prose;
  readonly command: string;
  /** What it should print, when that is short; else empty. */
  readonly output: string;
}

export interface ControlLine {
  readonly id: string;
  readonly framework: string;
  readonly asks: string;
  readonly tone: Tone;
  readonly standing: string;
  readonly shows: Prose;
  readonly leaves: string;
}
