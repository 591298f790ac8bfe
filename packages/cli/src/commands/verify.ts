import {
  ConfigurationError,
  type CreateVerifierOptions,
  createVerifier,
  type Decision,
  type EvidenceExpectations,
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
} from '../command.ts';
import { failureText } from '../render/failure-text.ts';
import { progressBar } from '../render/progress.ts';
import { styleFor } from '../render/style.ts';
import { verifyText } from '../render/verify-text.ts';

const KEYRING: OptionDefinition = {
  name: 'keyring',
  kind: 'value',
  placeholder: 'FILE',
  environment: 'CAVRA_KEYRING',
  description: 'keys by id, with status and period; else CAVRA_DAEMON_EVIDENCE_HMAC_KEY and its _KEY_ID',
};
const INTEGRITY_ONLY: OptionDefinition = {
  name: 'integrity-only',
  kind: 'flag',
  description: 'accept that no signature is checked; the report says so',
};
const OUTPUT: OptionDefinition = {
  name: 'output',
  kind: 'value',
  placeholder: 'FILE',
  description: 'write the result to a file instead of the screen',
};
const VERIFY_FORMAT: OptionDefinition = {
  ...FORMAT,
  placeholder: 'text|json|markdown|html',
  choices: ['text', 'json', 'markdown', 'html'],
  description: 'text or a report (markdown, html) for people, json for programs (stable)',
};
const MAX_AGE: OptionDefinition = {
  name: 'max-age',
  kind: 'value',
  placeholder: 'SECONDS',
  description: 'the last record must be at most this old',
};

/** `--expect-…`: each must hold, else exit status 4. */
const EXPECTATIONS: readonly OptionDefinition[] = [
  expectation('repository', 'NAME', 'the repository of every record'),
  expectation('ref', 'REF', 'the ref of every record'),
  expectation('sha', 'COMMIT', 'the commit of every record'),
  expectation('run-id', 'ID', 'the run of every record'),
  expectation('provider', 'NAME', 'github-actions, gitlab-ci, azure-pipelines or local'),
  {
    ...expectation('decision', 'D', 'the worst decision of the stream'),
    choices: ['allow', 'block', 'require_approval'],
  },
];

function expectation(name: string, placeholder: string, description: string): OptionDefinition {
  return { name: `expect-${name}`, kind: 'value', placeholder, description };
}

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check evidence: its bytes, chain, signatures, and what it is evidence of',
  synopsis: 'PATH',
  details: 'PATH is an evidence folder or a .jsonl stream.',
  options: [KEYRING, INTEGRITY_ONLY, ...EXPECTATIONS, MAX_AGE, VERIFY_FORMAT, OUTPUT],
  positionals: [1, 1],
  run: runVerify,
};

async function runVerify(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const expectations = expectationsOf(parsed);
  const progress = progressBar(terminal);
  const options = {
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    keyring: optionValue(terminal, parsed, KEYRING)?.text,
    now: terminal.now,
    version: terminal.version,
    progress: progress.update,
    threadProgram: terminal.threadProgram,
  };
  const [path = ''] = parsed.positionals;
  const question = {
    path,
    integrityOnly: parsed.flags.has(INTEGRITY_ONLY.name),
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
  { report, text: written }: VerifyOutcome & Partial<ReportedVerification>,
): Promise<void> {
  const file = parsed.values.get(OUTPUT.name);
  const style = styleFor(terminal.colour && file === undefined);
  const text = written ?? (wantsJson(parsed) ? quietJson(reportText(report)) : verifyText(report, style));
  if (file === undefined) {
    terminal.out(text);
    return;
  }
  await terminal.writeFile(file, text);
}

function expectationsOf(parsed: ParsedArguments): EvidenceExpectations | undefined {
  const text = (name: string) => parsed.values.get(`expect-${name}`);
  const given = {
    provider: text('provider'),
    repository: text('repository'),
    ref: text('ref'),
    sha: text('sha'),
    run_id: text('run-id'),
    decision: text('decision') as Decision | undefined,
    max_age_seconds: maxAge(parsed.values.get(MAX_AGE.name)),
  };
  for (const [name, value] of Object.entries(given)) {
    // An expectation that is empty, for example by an unset variable, must not become none.
    if (value === '')
      throw new ConfigurationError('CAVRA-E217', `verify: --expect-${name.replaceAll('_', '-')} is empty`);
  }
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return present.length === 0 ? undefined : (Object.fromEntries(present) as EvidenceExpectations);
}

function maxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,10}$/.test(text)) {
    throw new ConfigurationError('CAVRA-E217', 'verify: --max-age must be a whole number of seconds');
  }
  return Number(text);
}
