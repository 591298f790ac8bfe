import {
  type CreateVerifierOptions,
  createVerifier,
  type ReportedVerification,
  reportEvidence,
  reportText,
  type VerificationQuestion,
  type VerifyOutcome,
} from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  type OptionDefinition,
  optionValue,
  type ParsedArguments,
  quietJson,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { failureText } from '../../render/failure-text.ts';
import { progressBar } from '../../render/progress.ts';
import { styleFor } from '../../render/style.ts';
import { verifyText } from '../../render/verify-text.ts';
import { EXPECTATIONS, expectationsOf } from './expectations.ts';
import {
  AGAINST,
  INTEGRITY_ONLY,
  KEYRING,
  listed,
  OUTPUT,
  PROOF,
  PUBLIC_KEY,
  RECORD,
  recordToProve,
  SUBJECT,
} from './options.ts';

const VERIFY_FORMAT: OptionDefinition = {
  ...FORMAT,
  placeholder: 'text|json|markdown|html',
  choices: ['text', 'json', 'markdown', 'html'],
  description: 'text or a report (markdown, html) for people, json for programs (stable)',
};

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check evidence: its bytes, chain, signatures, and what it is evidence of',
  synopsis: 'PATH',
  details:
    'PATH is an evidence folder, a .jsonl stream, a downloaded artifact (.zip), or with --proof the proof of one record.',
  options: [
    KEYRING,
    PUBLIC_KEY,
    SUBJECT,
    AGAINST,
    INTEGRITY_ONLY,
    ...EXPECTATIONS,
    RECORD,
    PROOF,
    VERIFY_FORMAT,
    OUTPUT,
  ],
  positionals: [1, 1],
  run: runVerify,
};

async function runVerify(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const proveRecord = recordToProve(parsed);
  if (parsed.flags.has(PROOF.name) && proveRecord === undefined) {
    const { runVerifyProof } = await import('./proof.ts');
    return runVerifyProof(terminal, parsed);
  }
  const expectations = expectationsOf(parsed);
  const [, program] = terminal.program;
  const progress = progressBar(terminal);
  const options = {
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    keyring: optionValue(terminal, parsed, KEYRING)?.text,
    publicKeys: listed(parsed, PUBLIC_KEY),
    ...(program === undefined ? {} : { program }),
    now: terminal.now,
    version: terminal.version,
    progress: progress.update,
    threadProgram: terminal.threadProgram,
  };
  const [path = ''] = parsed.positionals;
  const question = {
    path,
    integrityOnly: parsed.flags.has(INTEGRITY_ONLY.name),
    against: listed(parsed, AGAINST),
    subjects: listed(parsed, SUBJECT),
    ...(proveRecord === undefined ? {} : { proveRecord }),
    ...(expectations === undefined ? {} : { expectations }),
  };
  const outcome = await verified(options, question, parsed).finally(progress.clear);
  await print(terminal, parsed, outcome);
  if (outcome.failure !== undefined) terminal.err(failureText(outcome.failure));
  return outcome.failure?.exitStatus ?? 0;
}

/** With the text of the report where one was asked for that needs more than the verification's own. */
async function verified(
  options: CreateVerifierOptions,
  question: VerificationQuestion,
  parsed: ParsedArguments,
): Promise<VerifyOutcome & Partial<ReportedVerification>> {
  const format = parsed.values.get(VERIFY_FORMAT.name);
  return format === 'html' || format === 'markdown'
    ? reportEvidence(options, question, format)
    : createVerifier(options).verify(question);
}

async function print(
  terminal: Terminal,
  parsed: ParsedArguments,
  { report, proof, text: written }: VerifyOutcome & Partial<ReportedVerification>,
): Promise<void> {
  const file = parsed.values.get(OUTPUT.name);
  const style = styleFor(terminal.colour && file === undefined);
  const text = proof ?? written ?? (wantsJson(parsed) ? quietJson(reportText(report)) : verifyText(report, style));
  if (file === undefined) {
    terminal.out(text);
    return;
  }
  await terminal.writeFile(file, text);
}
