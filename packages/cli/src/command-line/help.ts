import type { Command, OptionDefinition } from './command.ts';

export const PROGRAM = 'cavra-release-governance';

const EXIT_STATUS = `Exit status: 0 pass; 1 the gate says no; 2 configuration or usage; 3 runner not authenticated;
4 evidence invalid; 5 runtime or daemon failed; 6 secret found in the evidence.`;

/** The help of the whole program. */
export function programHelp(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `${PROGRAM} ${version}: a release gate that leaves evidence`,
    '',
    `Usage: ${PROGRAM} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    `${PROGRAM} COMMAND --help explains a command; --version prints the version.`,
    '',
    EXIT_STATUS,
    '',
  ].join('\n');
}

/** The help of one command, with the variable of every option. */
export function commandHelp(command: Command): string {
  const rows = command.options.map((option) => [optionTitle(option), optionText(option)] as const);
  const width = Math.min(34, Math.max(0, ...rows.map(([title]) => title.length)));
  return [
    `${PROGRAM} ${command.name}: ${command.summary}`,
    '',
    `Usage: ${[PROGRAM, command.name, command.synopsis, '[OPTIONS]'].filter((part) => part !== '').join(' ')}`,
    ...(command.details === undefined ? [] : ['', command.details]),
    '',
    'Options:',
    ...rows.flatMap(([title, text]) => optionRow(title, text, width)),
    ...optionRow('--help', 'print this help', width),
    '',
    EXIT_STATUS,
    '',
  ].join('\n');
}

function optionTitle({ name, kind, placeholder, choices }: OptionDefinition): string {
  if (kind === 'flag') return `--${name}`;
  return `--${name} ${placeholder ?? choices?.join('|') ?? 'TEXT'}`;
}

function optionText({ description, environment, default: standard }: OptionDefinition): string {
  const parts = [environment, standard === undefined ? undefined : `default ${standard}`].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? description : `${description} [${parts.join(', ')}]`;
}

function optionRow(title: string, text: string, width: number): string[] {
  return title.length > width
    ? [`  ${title}`, `  ${' '.repeat(width)}  ${text}`]
    : [`  ${title.padEnd(width)}  ${text}`];
}
