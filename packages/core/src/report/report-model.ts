import { MAX_REPORT_ROWS, MAX_REPORT_TEXT } from '../domain/limits.ts';
import { shortened } from '../domain/text/printable.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';
import type { Fact, ReportInput, ReportModel } from './model/model.ts';
import { chainOf } from './sections/chain.ts';
import { checksOf, sealOf } from './sections/checks.ts';
import { commandsOf } from './sections/commands.ts';
import { controlsOf } from './sections/controls.ts';
import { decisionsOf } from './sections/decisions.ts';
import { findingsOf } from './sections/findings.ts';
import { keysOf } from './sections/keys.ts';
import { runnerOf } from './sections/runner.ts';
import { uncheckedOf } from './sections/unchecked.ts';
import { verdictOf } from './sections/verdict.ts';

/**
 * The report for people on a run of the gate, or on evidence that was verified by itself: one model, which `reportHtml` and
 * `reportMarkdown` write down. Bounded in size however long the stream is; every text in it is to be escaped.
 */
export function reportModel(given: ReportInput): ReportModel {
  const input = bounded(given);
  return {
    title: titleOf(input),
    generator: input.generator,
    generatedAt: formatTimestamp(Math.floor(input.now / 1000) * 1000),
    verdict: verdictOf(input),
    about: aboutOf(input),
    checks: checksOf(input),
    runner: runnerOf(input),
    decisions: decisionsOf(input),
    chain: chainOf(input),
    findings: findingsOf(input),
    keys: keysOf(input),
    seal: sealOf(input),
    unchecked: uncheckedOf(input),
    commands: commandsOf(input),
    controls: controlsOf(input),
    notes: notesOf(input).slice(0, MAX_REPORT_ROWS),
    subject: subjectOf(input),
  };
}

function notesOf({ gate, verification }: ReportInput): readonly string[] {
  return [...new Set([...(gate?.notes ?? []), ...(verification?.notes ?? [])])];
}

/** The input with texts no longer than people read; those of the story are so already. */
function bounded(input: ReportInput): ReportInput {
  const { gate, verification, generator } = input;
  return {
    ...input,
    ...(gate === undefined ? {} : { gate: shortTexts(gate) }),
    verification:
      verification === undefined ? undefined : { ...shortTexts(verification), path: endOf(verification.path) },
    generator: shortTexts(generator),
  };
}

function shortTexts<T>(data: T): T {
  const cut = (_: string, value: unknown) => (typeof value === 'string' ? shortened(value, MAX_REPORT_TEXT) : value);
  return JSON.parse(JSON.stringify(data), cut) as T;
}

/** The end of a path says more than its beginning. */
function endOf(path: string): string {
  return path.length <= MAX_REPORT_TEXT ? path : `…${path.slice(1 - MAX_REPORT_TEXT)}`;
}

function titleOf({ gate, story }: ReportInput): string {
  const repository =
    gate?.identity?.repository ?? (story?.runners.length === 1 ? story.runners[0]?.identity.repository : '');
  return repository ? `Release evidence of ${repository}` : 'Release evidence';
}

/** The run in a line; several runs have none. */
function aboutOf({ gate, story }: ReportInput): readonly string[] {
  const identity = gate?.identity ?? (story?.runners.length === 1 ? story.runners[0]?.identity : undefined);
  const { repository = '', ref = '', sha = '', run_id: run = '' } = identity ?? {};
  return [
    repository,
    ref.replace(/^refs\/(heads|tags)\//, ''),
    sha.slice(0, SHORT_COMMIT),
    run === '' ? '' : `run ${run}`,
  ].filter((part) => part !== '');
}

const SHORT_COMMIT = 12;

function subjectOf({ verification }: ReportInput): readonly Fact[] {
  if (verification === undefined) return [];
  return [
    { label: 'Stream', value: verification.path, code: true },
    { label: 'SHA-256', value: verification.sha256, code: true },
    { label: 'First record hash', value: verification.stream_id, code: true },
    { label: 'Last record hash', value: verification.head_hash, code: true },
  ].filter(({ value }) => value !== '');
}
