import {
  type ChangedKeyReport,
  type ChangeKeyOptions,
  ConfigurationError,
  retireKeyringKey,
  revokeKeyringKey,
} from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type OptionDefinition,
  optionValue,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Row, styleFor, table } from '../../render/style.ts';
import { given, KEYRING_FILE, PURPOSE, purposeOf } from './options.ts';

const WHICH: readonly OptionDefinition[] = [
  { ...KEYRING_FILE, description: 'the keyring; required' },
  { ...PURPOSE, description: 'which key, where the id stands for several' },
];

export const keysRetireCommand: Command = {
  name: 'keys retire',
  summary: 'end the period of a key: it verifies what it signed, and signs nothing more',
  synopsis: 'ID',
  options: [
    ...WHICH,
    { name: 'at', kind: 'value', placeholder: 'TIME', description: 'when its period ends (RFC 3339); now' },
    FORMAT,
  ],
  positionals: [1, 1],
  run: (terminal, parsed) => change(terminal, parsed, 'keys retire', 'at', retireKeyringKey),
};

export const keysRevokeCommand: Command = {
  name: 'keys revoke',
  summary: 'declare a key compromised',
  synopsis: 'ID',
  details:
    'What the key signed counts only under a checkpoint from before --since. Without --since nothing that it signed counts.',
  options: [
    ...WHICH,
    {
      name: 'since',
      kind: 'value',
      placeholder: 'TIME',
      description: 'the earliest moment at which somebody else may have had it (RFC 3339)',
    },
    FORMAT,
  ],
  positionals: [1, 1],
  run: (terminal, parsed) => change(terminal, parsed, 'keys revoke', 'since', revokeKeyringKey),
};

async function change(
  terminal: Terminal,
  parsed: ParsedArguments,
  command: string,
  timeOption: string,
  edit: (options: ChangeKeyOptions) => Promise<ChangedKeyReport>,
): Promise<number> {
  const keyring = optionValue(terminal, parsed, KEYRING_FILE)?.text;
  if (keyring === undefined) throw new ConfigurationError('CAVRA-E217', `${command}: --keyring is required`);
  const report = await edit({
    keyring,
    id: parsed.positionals[0] ?? '',
    purpose: purposeOf(parsed),
    at: given(command, parsed, timeOption),
    workingDirectory: terminal.workingDirectory,
    now: terminal.now,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : changedText(report, terminal));
  return 0;
}

function changedText({ keyring, entry, has_active: hasActive }: ChangedKeyReport, terminal: Terminal): string {
  const style = styleFor(terminal.colour);
  const rows: Row[] = [
    ['keyring', printable(keyring)],
    ['key', printable(`${entry.id}: ${entry.status}`)],
    ['counts', printable(countsText(entry))],
    [
      'next',
      ...(hasActive
        ? []
        : [style.warn(`no ${entry.purpose} key signs now: keys generate --purpose ${entry.purpose} --keyring FILE`)]),
      'let everybody who verifies have this keyring',
    ],
  ];
  return `${style.bold('CAVRA key')}  ${entry.status.toUpperCase()}\n\n${table(rows, style)}`;
}

function countsText({
  status,
  not_before: from,
  not_after: until,
  revoked_at: since,
}: ChangedKeyReport['entry']): string {
  if (status === 'revoked') {
    return since === undefined
      ? 'nothing that it signed'
      : `what it signed before ${since}, under a checkpoint that is older than that`;
  }
  return `what it signed${from === undefined ? '' : ` from ${from} on`}${until === undefined ? '' : ` before ${until}`}`;
}
