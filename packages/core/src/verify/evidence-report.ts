import { join, resolve } from 'node:path';
import {
  type CreateVerifierOptions,
  createVerifier,
  programIdentity,
  type VerificationQuestion,
} from './create-verifier.ts';
import { namedPeriods } from './key-periods.ts';
import { loadVerificationKeys } from './verification-keys.ts';
import type { VerifyOutcome } from './verify.ts';

/** Verified evidence, and the report on it for people. */
export interface ReportedVerification extends VerifyOutcome {
  /** The text of an HTML or Markdown file. */
  readonly text: string;
}

/**
 * Verifies evidence as `createVerifier` does, and writes the report for people: one HTML file that loads and runs nothing, or Markdown.
 *
 * @throws whatever keeps the evidence from being looked at, as `Verifier.verify` does
 */
export async function reportEvidence(
  options: CreateVerifierOptions,
  question: VerificationQuestion,
  format: 'html' | 'markdown',
): Promise<ReportedVerification> {
  const { StreamStoryteller } = await import('../domain/story/stream-story.ts');
  const storyteller = new StreamStoryteller();
  const observers = [...(question.observers ?? []), storyteller];
  const outcome = await createVerifier(options).verify({ ...question, observers });
  const { keys, absentKeys } = await loadVerificationKeys(options, question.integrityOnly);
  const { reportModel } = await import('../report/report-model.ts');
  const model = reportModel({
    verification: {
      ...outcome.report,
      path: pathAsGiven(outcome.report.path, question.path, options.workingDirectory),
    },
    story: storyteller.story(),
    keys: namedPeriods([...keys, ...absentKeys]),
    now: options.now(),
    generator: await programIdentity(options),
  });
  if (format === 'markdown') {
    const { reportMarkdown } = await import('../report/markdown.ts');
    return { ...outcome, text: reportMarkdown(model) };
  }
  const { reportHtml } = await import('../report/html/page.ts');
  return { ...outcome, text: reportHtml(model) };
}

/** A report is handed on: it does not tell where on this machine the evidence was. */
function pathAsGiven(path: string, given: string, workingDirectory: string): string {
  const absolute = resolve(workingDirectory, given);
  return path.startsWith(absolute) ? join(given, path.slice(absolute.length)) : path;
}
