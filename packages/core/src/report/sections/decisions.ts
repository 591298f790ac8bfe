import { MAX_REPORT_ROWS } from '../../domain/limits.ts';
import type { Question, RecordGlimpse, StreamStory } from '../../domain/story/stream-shape.ts';
import { isExpectation } from '../../domain/verification/findings.ts';
import type { VerificationReport } from '../../domain/verification/report.ts';
import type { Decision } from '../../domain/wire/messages.ts';
import type { DecisionLine, DecisionPart, Fact, ReportInput } from '../model/model.ts';
import { count, say } from '../model/prose.ts';
import type { DecisionJson, GateResult } from '../model/run-result.ts';
import { DECISION_TONE } from '../model/words.ts';

/** Rows that are shown of a stream whose decisions are too many to list. */
const EXAMPLES = 20;
/** Requests or records that are named for one answer. */
const MAX_NAMES = 12;

/** What was asked, what was decided, by which rule and why. */
export function decisionsOf({ gate, story, verification }: ReportInput): DecisionPart {
  const answered = gate?.decisions ?? [];
  if (gate !== undefined && answered.length > 0) return ofThisRun(gate, story);
  if (story === undefined) {
    return { caution: undefined, total: 0, rows: [], omitted: 0, rules: [], otherRules: 0 };
  }
  return asRecorded(story, verification);
}

function ofThisRun({ decisions }: GateResult, story: StreamStory | undefined): DecisionPart {
  const glimpses = new Map(story?.glimpses.map((glimpse) => [glimpse.decisionId, glimpse]));
  const rows = decisions.length <= MAX_REPORT_ROWS ? decisions : worstFirst(decisions).slice(0, MAX_REPORT_ROWS);
  return {
    caution: undefined,
    total: decisions.length,
    rows: grouped(rows.map((decision) => answeredLine(decision, glimpses.get(decision.decision_id)))),
    omitted: decisions.length - rows.length,
    rules: [],
    otherRules: 0,
  };
}

function asRecorded(story: StreamStory, verification: VerificationReport | undefined): DecisionPart {
  const broken = brokenRecords(verification);
  const all = story.readable <= MAX_REPORT_ROWS && story.glimpses.length === story.readable;
  const shown = all ? story.glimpses : worstFirst(story.glimpses).slice(0, EXAMPLES);
  return {
    caution:
      verification?.valid === false
        ? say`This is what the stream says, not what is proven: the evidence is not valid, or not what was expected.`
        : undefined,
    total: story.readable,
    rows: grouped(shown.map((glimpse) => recordedLine(glimpse, broken.has(glimpse.record)))),
    omitted: story.readable - shown.length,
    rules: all ? [] : story.rules.map((rule) => ({ ...rule, tone: DECISION_TONE[rule.decision] })),
    otherRules: all ? 0 : story.otherRules,
  };
}

/** The same answer to the same question is shown once, with all to which it was given. */
function grouped(lines: readonly DecisionLine[]): readonly DecisionLine[] {
  const groups = new Map<string, DecisionLine>();
  for (const line of lines) {
    const { names, moreNames, ...answer } = line;
    const key = JSON.stringify(answer);
    const group = groups.get(key);
    groups.set(key, group === undefined ? line : joined(group, names));
  }
  return [...groups.values()];
}

function joined(group: DecisionLine, names: readonly string[]): DecisionLine {
  return group.names.length < MAX_NAMES
    ? { ...group, names: [...group.names, ...names] }
    : { ...group, moreNames: group.moreNames + names.length };
}

function answeredLine(answer: DecisionJson, glimpse: RecordGlimpse | undefined): DecisionLine {
  return {
    named: 'request',
    names: [answer.request],
    moreNames: 0,
    decision: answer.decision,
    tone: answer.met ? DECISION_TONE[answer.decision] : 'bad',
    doubtful: false,
    expected: answer.decision === answer.expected ? undefined : answer.expected,
    ruleId: answer.rule_id,
    severity: answer.severity,
    reason: answer.reason,
    question: factsOf(glimpse?.question),
  };
}

function brokenRecords(verification: VerificationReport | undefined): ReadonlySet<number> {
  const errors = verification?.findings.filter(({ severity, code }) => severity === 'error' && !isExpectation(code));
  return new Set(errors?.map(({ record }) => record));
}

function recordedLine(glimpse: RecordGlimpse, broken: boolean): DecisionLine {
  return {
    named: 'record',
    names: [count(glimpse.record)],
    moreNames: 0,
    decision: glimpse.decision,
    tone: broken ? 'neutral' : DECISION_TONE[glimpse.decision],
    doubtful: broken,
    expected: undefined,
    ruleId: glimpse.ruleId,
    severity: glimpse.severity,
    reason: glimpse.reason,
    question: factsOf(glimpse.question),
  };
}

function factsOf(question: Question | undefined): readonly Fact[] {
  if (question === undefined) return [];
  const { operation, target, kind, version, channel, approvalId, actor } = question;
  return [
    { label: 'Operation', value: operation },
    { label: 'Target', value: target },
    { label: 'Version', value: version },
    { label: 'Channel', value: channel },
    { label: 'Kind', value: kind },
    { label: 'Approval', value: approvalId },
    { label: 'Asked for by', value: actor },
  ].filter(({ value }) => value !== '');
}

function worstFirst<T extends { readonly decision: Decision; readonly met?: boolean }>(all: readonly T[]): T[] {
  const rank = ({ met, decision }: T) =>
    (met === false ? 0 : 3) + ['block', 'require_approval', 'allow'].indexOf(decision);
  return all.toSorted((a, b) => rank(a) - rank(b));
}
