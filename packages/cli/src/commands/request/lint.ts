import { ConfigurationError, type LintFinding, lintRequest, readRequestBytes } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { failureText } from '../../render/failure-text.ts';
import { printable, styleFor } from '../../render/style.ts';

export const requestLintCommand: Command = {
  name: 'request lint',
  summary: 'check requests: what the gate refuses, what is most likely a mistake, what the rules decide',
  synopsis: 'FILE…',
  details: 'Exit status 0 when the gate takes every file, 2 when it refuses one.',
  options: [FORMAT],
  positionals: [1, Number.MAX_SAFE_INTEGER],
  run: runRequestLint,
};

async function runRequestLint(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const files: { readonly file: string; readonly findings: readonly LintFinding[] }[] = [];
  for (const file of parsed.positionals) {
    files.push({ file, findings: lintRequest(await readRequestBytes(file, terminal.workingDirectory)) });
  }
  const refused = files.filter(({ findings }) => findings.some(({ level }) => level === 'error'));
  terminal.out(
    wantsJson(parsed)
      ? jsonText({ valid: refused.length === 0, files })
      : files.map(({ file, findings }) => findings.map((finding) => line(file, finding, terminal)).join('')).join(''),
  );
  if (refused.length === 0) return 0;
  const failure = new ConfigurationError(
    'CAVRA-E204',
    `the gate refuses ${refused.map(({ file }) => file).join(', ')}`,
  );
  terminal.err(failureText(failure));
  return failure.exitStatus;
}

function line(file: string, { level, path, code, message }: LintFinding, terminal: Terminal): string {
  const style = styleFor(terminal.colour);
  const colour = { error: style.bad, warning: style.warn, note: style.dim }[level];
  const place = path === '' ? file : `${file} ${path}`;
  return `${printable(place)}: ${colour(level)}: ${printable(message)} [${code}]\n`;
}
