import { ConfigurationError, lintPolicyFile, type PolicyLintReport } from '@cavra/release-governance-core';
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

export const policyLintCommand: Command = {
  name: 'policy lint',
  summary: 'check a trust policy and name each dangerous habit',
  synopsis: 'FILE',
  details: 'Exit status 0 when the gate takes the policy, 2 when it does not; a dangerous habit is a warning.',
  options: [FORMAT],
  positionals: [1, 1],
  run: runPolicyLint,
};

async function runPolicyLint(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const [path = ''] = parsed.positionals;
  const report = await lintPolicyFile(path, terminal.workingDirectory);
  terminal.out(wantsJson(parsed) ? jsonText(report) : lintText(report, terminal));
  if (report.valid) return 0;
  const failure = new ConfigurationError('CAVRA-E210', `${path} has ${report.problems.length} problems`);
  terminal.err(failureText(failure));
  return failure.exitStatus;
}

function lintText(report: PolicyLintReport, terminal: Terminal): string {
  const style = styleFor(terminal.colour);
  const place = ({ line, column }: { readonly line?: number; readonly column?: number }) =>
    line === undefined ? report.path : `${report.path}:${line}:${column ?? 1}`;
  const problems = report.problems.map(
    (problem) =>
      `${printable(`${place(problem)}: `)}${style.bad('error')}: ${printable(`${problem.path} ${problem.message}`)}\n`,
  );
  const findings = report.findings.map(
    ({ code, message, fix, ...at }) =>
      `${printable(place(at))}: ${style.warn('warning')}: ${printable(message)} [${code}]\n  what to do: ${printable(fix)}\n`,
  );
  const summary = report.valid
    ? `${report.rules} rules, ${report.findings.length} warnings; pin it with trust-policy-sha256 ${report.sha256}\n`
    : '';
  return [...problems, ...findings, summary].join('');
}
