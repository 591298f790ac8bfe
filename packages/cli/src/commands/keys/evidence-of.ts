import { type DerivedKey, evidenceKeyOf, logLine } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  optionValue,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { type Row, type Style, styleFor, table } from '../../render/style.ts';
import { given, KEYRING_FILE } from './options.ts';

export const keysEvidenceOfCommand: Command = {
  name: 'keys evidence-of',
  summary: 'derive the evidence key of an attestation key, for a restricted vault',
  synopsis: 'FILE',
  details:
    'FILE is the attestation key. A job that has only this key signs its records with the evidence key that is derived from\nit. Whoever has the evidence key can check and forge records, and cannot sign a checkpoint. The secret is written to a\nfile of its owner, or shown once on a terminal; never in the log of a CI job.',
  options: [
    {
      name: 'id',
      kind: 'value',
      placeholder: 'ID',
      description: 'id of the attestation key; that of the keyring, else CAVRA_ATTESTATION_KEY_ID, else its digest',
    },
    { ...KEYRING_FILE, description: 'keyring that has the attestation key' },
    { name: 'secret-file', kind: 'value', placeholder: 'FILE', description: 'new file (0600) for the secret' },
    FORMAT,
  ],
  positionals: [1, 1],
  run: runKeysEvidenceOf,
};

async function runKeysEvidenceOf(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const value = (name: string) => given('keys evidence-of', parsed, name);
  const derived = await evidenceKeyOf({
    file: parsed.positionals[0] ?? '',
    id: value('id'),
    keyring: optionValue(terminal, parsed, KEYRING_FILE)?.text,
    secretFile: value('secret-file'),
    isPrivateScreen: terminal.isTerminal && !wantsJson(parsed),
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
  });
  terminal.out(wantsJson(parsed) ? jsonText(derived.report) : derivedText(derived, styleFor(terminal.colour)));
  return 0;
}

function derivedText({ report, secret }: DerivedKey, style: Style): string {
  const { id, derived_from: from, secret_file: file, entry } = report;
  const rows: Row[] = [
    ['key', logLine(id)],
    ['derived from', logLine(from)],
    secret === undefined
      ? ['secret', `in ${logLine(file ?? '')}, readable by its owner only`]
      : ['secret', secret, style.warn('shown once: put it into the vault now, and clear the screen')],
    [
      'next',
      `let the vault have it as CAVRA_DAEMON_EVIDENCE_HMAC_KEY, with CAVRA_DAEMON_EVIDENCE_KEY_ID=${logLine(id)}`,
      'a job that has the attestation key needs nothing',
    ],
  ];
  return `${style.bold('CAVRA key')}  ${style.good('DERIVED')}\n\n${table(rows, style)}\nEntry for a keyring:\n\n${jsonText(entry)}`;
}
