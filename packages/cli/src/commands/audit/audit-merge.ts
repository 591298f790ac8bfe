import { mergeAuditFiles } from '@cavra/release-governance-core';
import type { Command, ParsedArguments, Terminal } from '../../command-line/command.ts';
import { auditStatus } from './audit.ts';
import { AUDIT_FORMAT, AUDIT_OUTPUT, auditFormat, EXPECT_RUNS } from './audit-options.ts';
import { auditWriter } from './audit-writer.ts';

export const auditMergeCommand: Command = {
  name: 'audit merge',
  summary: 'put the results of an audit’s shards together',
  synopsis: 'FILE…',
  details:
    'FILE is what `audit --format jsonl` wrote for one shard. Results are not evidence: take them from jobs that you trust.',
  options: [EXPECT_RUNS, AUDIT_FORMAT, AUDIT_OUTPUT],
  positionals: [1, Number.MAX_SAFE_INTEGER],
  run: runAuditMerge,
};

async function runAuditMerge(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const writer = auditWriter(terminal, auditFormat(parsed), parsed.values.get(AUDIT_OUTPUT.name));
  const summary = await mergeAuditFiles({
    files: parsed.positionals,
    workingDirectory: terminal.workingDirectory,
    expectedRuns: parsed.values.get(EXPECT_RUNS.name),
    tell: writer.tell,
  });
  await writer.finish(summary);
  return auditStatus(summary.complete, terminal);
}
