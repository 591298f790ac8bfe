import type { DiagnosisCode } from '../../packages/core/src/domain/diagnosis.ts';
import {
  DIAGNOSES,
  type Diagnosis,
  EXIT,
  type ExitStatus,
  exitStatusOf,
} from '../../packages/core/src/domain/diagnosis.ts';

const MEANING: Readonly<Record<ExitStatus, string>> = {
  [EXIT.pass]: 'Pass',
  [EXIT.gateSaysNo]: 'The gate says no',
  [EXIT.configuration]: 'Configuration or usage',
  [EXIT.notAuthenticated]: 'The runner could not be authenticated, or is not trusted',
  [EXIT.evidenceInvalid]: 'The evidence is invalid',
  [EXIT.runtimeFailed]: 'The runtime, the daemon or the machine failed',
  [EXIT.secretFound]: 'A secret was found in the evidence',
};

/** docs/errors.md: every diagnosis code by exit status, as Markdown. */
export function diagnosisPage(): string {
  const codes = Object.entries(DIAGNOSES) as [DiagnosisCode, Diagnosis][];
  const sections = Object.values(EXIT)
    .filter((status) => status !== EXIT.pass)
    .map((status) =>
      section(
        status,
        codes.filter(([code]) => exitStatusOf(code) === status),
      ),
    );
  return `# Diagnosis codes

Every command and adapter that does not pass names one of these codes, with one sentence of cause. The first digit is the exit
status. Where several things are wrong, the exit status is that of the most serious: a secret (6), then the machine (5), the
evidence (4), the configuration (2), the proof (3), the decision (1). Generated from \`packages/core/src/domain/diagnosis.ts\`.

To start from what you see in place of a code: [troubleshooting.md](troubleshooting.md).

${sections.join('\n')}`;
}

function section(status: ExitStatus, codes: readonly (readonly [DiagnosisCode, Diagnosis])[]): string {
  const rows = codes.map(([code, { title, action }]) => `| \`${code}\` | ${cell(title)} | ${cell(action)} |\n`);
  return `## ${status}: ${MEANING[status]}\n\n| code | what happened | what to do |\n| --- | --- | --- |\n${rows.join('')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
