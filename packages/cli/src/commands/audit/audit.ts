import { auditBundles, EvidenceError } from '@cavra/release-governance-core';
import {
  type Command,
  type OptionDefinition,
  optionValue,
  type ParsedArguments,
  type Terminal,
} from '../../command-line/command.ts';
import { failureText } from '../../render/failure-text.ts';
import { progressBar } from '../../render/progress.ts';
import { EXPECTATIONS, expectationsOf } from '../verify/expectations.ts';
import { INTEGRITY_ONLY, KEYRING, listed, PUBLIC_KEY } from '../verify/options.ts';
import { AUDIT_FORMAT, AUDIT_OUTPUT, auditFormat, EXPECT_RUNS } from './audit-options.ts';
import { auditWriter } from './audit-writer.ts';

const SHARD: OptionDefinition = {
  name: 'shard',
  kind: 'value',
  placeholder: 'I/N',
  description: 'only the bundles of part I of N, which `audit merge` puts together',
};
const STATE: OptionDefinition = {
  name: 'state',
  kind: 'value',
  placeholder: 'FILE',
  description: 'remember what is done, so that an audit that was stopped goes on where it was',
};

export const auditCommand: Command = {
  name: 'audit',
  summary: 'verify many evidence folders and artifacts on all cores, one line a bundle, and add them up',
  synopsis: 'PATH…',
  details:
    'PATH is an evidence folder, a downloaded artifact (.zip), a .jsonl stream, or a folder that is searched for evidence folders and zips. `audit merge` puts the results of shards together.',
  options: [
    KEYRING,
    PUBLIC_KEY,
    INTEGRITY_ONLY,
    ...EXPECTATIONS,
    EXPECT_RUNS,
    SHARD,
    STATE,
    AUDIT_FORMAT,
    AUDIT_OUTPUT,
  ],
  positionals: [1, Number.MAX_SAFE_INTEGER],
  run: runAudit,
};

async function runAudit(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const expectations = expectationsOf(parsed);
  const progress = progressBar(terminal);
  const writer = auditWriter(terminal, auditFormat(parsed), parsed.values.get(AUDIT_OUTPUT.name));
  const summary = await auditBundles({
    paths: parsed.positionals,
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    keyring: optionValue(terminal, parsed, KEYRING)?.text,
    publicKeys: listed(parsed, PUBLIC_KEY),
    integrityOnly: parsed.flags.has(INTEGRITY_ONLY.name),
    ...(expectations === undefined ? {} : { expectations }),
    expectedRuns: parsed.values.get(EXPECT_RUNS.name),
    shard: parsed.values.get(SHARD.name),
    state: parsed.values.get(STATE.name),
    version: terminal.version,
    now: terminal.now,
    threadProgram: terminal.threadProgram,
    tell: writer.tell,
    progress: progress.update,
  }).finally(progress.clear);
  await writer.finish(summary);
  return auditStatus(summary.complete, terminal);
}

/** A shard without a bundle is no fault of the shard. */
export function auditStatus(complete: boolean, terminal: Terminal): number {
  if (complete) return 0;
  const failure = new EvidenceError('CAVRA-E406', 'not every bundle is valid, or something is missing');
  terminal.err(failureText(failure));
  return failure.exitStatus;
}
