import {
  ConfigurationError,
  type GeneratedKey,
  type GeneratedKeyReport,
  generateKeyFiles,
  type KeyPurpose,
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
import { printable, type Row, type Style, styleFor, table } from '../../render/style.ts';
import { given, KEYRING_FILE, PURPOSE, purposeOf } from './options.ts';

const OPTIONS: readonly OptionDefinition[] = [
  { ...PURPOSE, description: `${PURPOSE.description}; required` },
  {
    name: 'id',
    kind: 'value',
    placeholder: 'ID',
    description: 'by default purpose and quarter, such as ci-evidence-2026-q4',
  },
  {
    ...KEYRING_FILE,
    description:
      'keyring in which the key becomes the active one and the one before retires; made when it is not there',
  },
  { name: 'secret-file', kind: 'value', placeholder: 'FILE', description: 'new file (0600) for the secret' },
  { name: 'public-key-file', kind: 'value', placeholder: 'FILE', description: 'new file for the public key' },
  {
    name: 'secret-env',
    kind: 'value',
    placeholder: 'NAME',
    description: 'variable that the keyring names for the secret',
  },
  { name: 'not-before', kind: 'value', placeholder: 'TIME', description: 'first moment at which it counts; now' },
  { name: 'not-after', kind: 'value', placeholder: 'TIME', description: 'first moment at which it no longer counts' },
  {
    name: 'repository',
    kind: 'list',
    placeholder: 'NAME',
    description: 'runner keys: a repository that the key may speak for',
  },
  FORMAT,
];

export const keysGenerateCommand: Command = {
  name: 'keys generate',
  summary: 'make a key, and let it sign from now on',
  synopsis: '',
  details:
    'Evidence and runner keys are 256 random bits for HMAC-SHA256; attestation and daemon keys are Ed25519. The secret\nis written to a file of its owner, or shown once on a terminal; never in the log of a CI job.',
  options: OPTIONS,
  positionals: [0, 0],
  run: runKeysGenerate,
};

async function runKeysGenerate(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const purpose = purposeOf(parsed);
  if (purpose === undefined) throw new ConfigurationError('CAVRA-E217', 'keys generate: --purpose is required');
  const value = (name: string) => given('keys generate', parsed, name);
  const { report, secret } = await generateKeyFiles({
    purpose,
    id: value('id'),
    keyring: optionValue(terminal, parsed, KEYRING_FILE)?.text,
    secretFile: value('secret-file'),
    publicKeyFile: value('public-key-file'),
    secretVariable: value('secret-env'),
    notBefore: value('not-before'),
    notAfter: value('not-after'),
    repositories: parsed.lists.get('repository') ?? [],
    isPrivateScreen: terminal.isTerminal && !wantsJson(parsed),
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
    now: terminal.now,
    randomBytes: terminal.randomBytes,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : generatedText(report, secret, styleFor(terminal.colour)));
  return 0;
}

/** Where a job gives the key to the gate. */
const JOB_VARIABLES: Readonly<Record<KeyPurpose, readonly [secret: string, id: string] | undefined>> = {
  runner: ['CAVRA_RUNNER_AUTH_HMAC_KEY', 'CAVRA_RUNNER_AUTH_KEY_ID'],
  evidence: ['CAVRA_DAEMON_EVIDENCE_HMAC_KEY', 'CAVRA_DAEMON_EVIDENCE_KEY_ID'],
  attestation: ['CAVRA_ATTESTATION_KEY', 'CAVRA_ATTESTATION_KEY_ID'],
  daemon: undefined,
};

function generatedText(report: GeneratedKeyReport, secret: GeneratedKey | undefined, style: Style): string {
  const { id, purpose, algorithm, keyring, retiring, public_key: publicKey, secret_file: secretFile } = report;
  const rows: Row[] = [
    ['key', printable(id)],
    ['purpose', `${purpose}, ${algorithm}`],
    ...(secretFile === undefined
      ? []
      : [['secret', `in ${printable(secretFile)}, readable by its owner only`] as const]),
    ...(secret === undefined ? [] : [['secret', ...secretLines(secret, style)] as const]),
    ...(publicKey === undefined ? [] : [['public key', ...publicKey.trimEnd().split('\n')] as const]),
    ...(keyring === undefined ? [] : [['keyring', `${printable(keyring)}: ${printable(id)} signs now`] as const]),
    ...(retiring === undefined
      ? []
      : [['retiring', `${printable(retiring)}: still accepted, signs nothing more`] as const]),
    ['next', ...nextSteps(report)],
  ];
  const entry = keyring === undefined ? `\nEntry for a keyring:\n\n${jsonText(report.entry)}` : '';
  return `${style.bold('CAVRA key')}  ${style.good('MADE')}\n\n${table(rows, style)}${entry}`;
}

function secretLines({ secret, oneLine, algorithm }: GeneratedKey, style: Style): readonly string[] {
  const warning = style.warn('shown once: put it into the secret store now, and clear the screen');
  return algorithm === 'HMAC-SHA256'
    ? [secret, warning]
    : [...secret.trimEnd().split('\n'), `in one line: ${oneLine}`, warning];
}

function nextSteps({ purpose, id, entry, retiring }: GeneratedKeyReport): readonly string[] {
  const variables = JOB_VARIABLES[purpose];
  const { secret } = entry;
  return [
    variables === undefined
      ? 'let the daemon’s configuration have it'
      : `let the jobs have it as ${variables[0]}, with ${variables[1]}=${printable(id)}`,
    ...(secret !== undefined && 'env' in secret ? [`let the vault have it as ${secret.env}, to verify with`] : []),
    ...(entry.public_key === undefined ? [] : ['give the public key to whoever verifies']),
    ...(retiring === undefined ? [] : [`when all jobs sign with it: keys retire ${printable(retiring)}`]),
  ];
}
