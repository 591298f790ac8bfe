import type { OptionDefinition, ParsedArguments } from '../../command-line/command.ts';

export const EXPECT_RUNS: OptionDefinition = {
  name: 'expect-runs',
  kind: 'value',
  placeholder: 'FILE',
  description: 'runs for which there must be valid evidence: a repository and a run id in each line',
};
export const AUDIT_FORMAT: OptionDefinition = {
  name: 'format',
  kind: 'value',
  placeholder: 'text|jsonl|html',
  choices: ['text', 'jsonl', 'html'],
  default: 'text',
  description: 'text or a page (html) for people, JSON Lines for programs and audit merge (stable)',
};
export const AUDIT_OUTPUT: OptionDefinition = {
  name: 'output',
  kind: 'value',
  placeholder: 'FILE',
  description: 'write the lines to a file; the summary is still printed',
};

export type AuditFormat = 'text' | 'jsonl' | 'html';

export function auditFormat(parsed: ParsedArguments): AuditFormat {
  const format = parsed.values.get(AUDIT_FORMAT.name);
  return format === 'jsonl' || format === 'html' ? format : 'text';
}
