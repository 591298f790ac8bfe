import { type AuditHead, type AuditSummary, auditHtml, type BundleLine } from '@cavra/release-governance-core';
import { quietJson, type Terminal } from '../../command-line/command.ts';
import { auditSummaryText, bundleText } from '../../render/audit-text.ts';
import { styleFor } from '../../render/style.ts';
import type { AuditFormat } from './audit-options.ts';

/** Prints an audit line by line, or gathers it for a file. */
export interface AuditWriter {
  readonly tell: (line: AuditHead | BundleLine) => void;
  readonly finish: (summary: AuditSummary) => Promise<void>;
}

/** @param file where the lines go instead of the screen, as named; undefined: to the screen */
export function auditWriter(terminal: Terminal, format: AuditFormat, file: string | undefined): AuditWriter {
  const style = styleFor(terminal.colour && file === undefined);
  const gathered: string[] = [];
  const lines: BundleLine[] = [];
  const write = (text: string) => {
    if (file === undefined) terminal.out(text);
    else gathered.push(text);
  };
  return {
    tell: (line) => {
      if (format === 'jsonl') write(quietJson(`${JSON.stringify(line)}\n`));
      else if (line.kind === 'audit') return;
      else if (format === 'html') lines.push(line);
      else write(bundleText(line, style));
    },
    finish: async (summary) => {
      const summaryText = auditSummaryText(summary, styleFor(terminal.colour));
      if (format === 'jsonl') write(quietJson(`${JSON.stringify(summary)}\n`));
      if (format === 'html') write(await auditHtml(lines, summary, terminal.version));
      if (file !== undefined) await terminal.writeFile(file, gathered.join(''));
      // What goes to a file or is for programs leaves the screen to the summary.
      if (file !== undefined || format === 'text')
        terminal.out(file === undefined ? summaryText : summaryText.trimStart());
    },
  };
}
