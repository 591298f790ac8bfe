import { type KeyStatusReport, type KeyStatusRow, keyStatus } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  optionValue,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Row, type Style, styleFor, table } from '../../render/style.ts';
import { KEYRING_FILE } from './options.ts';

export const keysStatusCommand: Command = {
  name: 'keys status',
  summary: 'age, quarter and next step of each key',
  synopsis: '',
  details: 'Without a keyring it tells of the key ids that the environment names. No secret is read.',
  options: [KEYRING_FILE, FORMAT],
  positionals: [0, 0],
  run: runKeysStatus,
};

async function runKeysStatus(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const report = await keyStatus({
    keyring: optionValue(terminal, parsed, KEYRING_FILE)?.text,
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    now: terminal.now,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : statusText(report, styleFor(terminal.colour)));
  return 0;
}

function statusText({ keys, without_active: missing }: KeyStatusReport, style: Style): string {
  const rows: Row[] = [
    ...keys.map((key) => rowOf(key, style)),
    ...missing.map((purpose): Row => ['missing', `no ${purpose} key signs: keys generate --purpose ${purpose}`]),
  ];
  if (rows.length === 0) rows.push(['none', 'there is no key; give --keyring FILE']);
  return `${style.bold('CAVRA keys')}\n\n${table(rows, style)}`;
}

function rowOf(key: KeyStatusRow, style: Style): Row {
  const colour = { none: style.dim, soon: style.warn, now: style.bad }[key.urgency];
  const facts = [
    `${key.purpose}, ${key.status}`,
    key.quarter === null ? undefined : `of ${key.quarter}`,
    key.age_days === null ? undefined : `${key.age_days} days old`,
    key.not_after === null ? undefined : `until ${key.not_after}`,
    key.revoked_at === null ? undefined : `compromised since ${key.revoked_at}`,
  ].filter((fact) => fact !== undefined);
  return [printable(key.id), printable(facts.join(', ')), colour(printable(key.next))];
}
