import { formatTimestamp } from '../../domain/evidence/timestamp.ts';
import { chainOf } from './chain.ts';
import { checksOf, sealOf } from './checks.ts';
import { commandsOf } from './commands.ts';
import { controlsOf } from './controls.ts';
import { decisionsOf } from './decisions.ts';
import { findingsOf } from './findings.ts';
import { keysOf } from './keys.ts';
import type { Fact, ReportInput, ReportModel } from './model.ts';
import { runnerOf } from './runner.ts';
import { uncheckedOf } from './unchecked.ts';
import { verdictOf } from './verdict.ts';

/**
 * The report for people on a run of the gate, or on evidence that was verified by itself: one model, which `reportHtml` and
 * `reportMarkdown` write down. Bounded in size however long the stream is; every text in it is to be escaped.
 */
export function reportModel(input: ReportInput): ReportModel {
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
    notes: input.gate?.notes ?? [],
    subject: subjectOf(input),
  };
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
