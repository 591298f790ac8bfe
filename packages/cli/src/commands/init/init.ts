import {
  ConfigurationError,
  INIT_PLATFORMS,
  type InitPlatform,
  type InitReport,
  initRepository,
  logLine,
  type SealChoice,
} from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type OptionDefinition,
  type ParsedArguments,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { type Style, styleFor } from '../../render/style.ts';
import { given } from '../keys/options.ts';

const OPTIONS: readonly OptionDefinition[] = [
  {
    name: 'keyless',
    kind: 'flag',
    description: 'no stored secret: for public repositories on github.com and gitlab.com',
  },
  {
    name: 'key',
    kind: 'flag',
    description: 'one key, made now: for private repositories, self-managed servers and Azure',
  },
  {
    name: 'secret-dir',
    kind: 'value',
    placeholder: 'DIR',
    description: 'folder for the new key, outside of the repository',
  },
  { name: 'ref', kind: 'value', placeholder: 'COMMIT', description: 'the commit of the gate that you have reviewed' },
  { name: 'request', kind: 'value', placeholder: 'FILE', description: 'the request to write; release/request.json' },
  { name: 'target', kind: 'value', placeholder: 'TARGET', description: 'what is released to; production' },
  {
    name: 'approval-id',
    kind: 'value',
    placeholder: 'ID',
    description: 'where the approval can be looked up; without it the request is pending',
  },
  {
    name: 'environment',
    kind: 'value',
    placeholder: 'NAME',
    description: 'protected environment in which the gate runs; not on Azure',
  },
  {
    name: 'issuer',
    kind: 'value',
    placeholder: 'URL',
    description: 'token issuer of a self-managed GitLab or an Azure organisation',
  },
  { name: 'policy', kind: 'flag', description: 'also write a trust policy, pinned by its SHA-256' },
  {
    name: 'repository',
    kind: 'value',
    placeholder: 'NAME',
    description: 'for the policy; that of the Git remote origin',
  },
  {
    name: 'repository-id',
    kind: 'value',
    placeholder: 'ID',
    description: 'for the policy: id of the repository or project',
  },
  { name: 'force', kind: 'flag', description: 'replace files of the repository that are there' },
  { name: 'dry-run', kind: 'flag', description: 'show everything and write nothing' },
  FORMAT,
];

export const initCommand: Command = {
  name: 'init',
  summary: 'write the request and the pipeline of a first gate',
  synopsis: 'github|gitlab|azure',
  details:
    'Run it in a Git repository. It writes the request, the pipeline and, with --policy, a trust policy, and prints the\ncommands that are left to run. It overwrites nothing without --force. Keys are written outside of the repository.',
  options: OPTIONS,
  positionals: [1, 1],
  run: runInit,
};

async function runInit(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const platform = platformOf(parsed.positionals[0]);
  const value = (name: string) => given('init', parsed, name);
  const report = await initRepository({
    platform,
    seal: await sealOf(terminal, parsed, platform),
    reviewedCommit: value('ref'),
    request: value('request'),
    target: value('target'),
    approvalId: value('approval-id'),
    issuer: value('issuer'),
    environment: value('environment'),
    policy: parsed.flags.has('policy'),
    repository: value('repository'),
    repositoryId: value('repository-id'),
    secretFolder: value('secret-dir'),
    force: parsed.flags.has('force'),
    dryRun: parsed.flags.has('dry-run'),
    workingDirectory: terminal.workingDirectory,
    now: terminal.now,
    randomBytes: terminal.randomBytes,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : reportText(report, styleFor(terminal.colour)));
  return 0;
}

function platformOf(text = ''): InitPlatform {
  const platform = INIT_PLATFORMS.find((name) => name === text);
  if (platform !== undefined) return platform;
  throw new ConfigurationError(
    'CAVRA-E217',
    `init: ${JSON.stringify(text)} is no platform; say ${INIT_PLATFORMS.join(', ')}`,
  );
}

const CHOICE =
  'choose how the evidence is sealed: --keyless (no stored secret; public repositories on github.com and gitlab.com) or --key (one stored key; everywhere)';

async function sealOf(terminal: Terminal, parsed: ParsedArguments, platform: InitPlatform): Promise<SealChoice> {
  const isKeyless = parsed.flags.has('keyless');
  const isKey = parsed.flags.has('key');
  if (isKeyless && isKey) throw new ConfigurationError('CAVRA-E217', 'init: --keyless excludes --key');
  if (isKeyless || isKey) return isKeyless ? 'keyless' : 'key';
  if (platform === 'azure') return 'key';
  const answer = await terminal.ask?.(`${CHOICE}\nkeyless or key? `);
  if (answer === 'keyless' || answer === 'key') return answer;
  throw new ConfigurationError('CAVRA-E217', `init: ${CHOICE}`);
}

function reportText({ written, root, files, key, steps }: InitReport, style: Style): string {
  const verb = written ? 'wrote' : 'would write';
  const lines = [
    `${style.bold('CAVRA init')}  ${written ? style.good('DONE') : style.warn('DRY RUN')}`,
    '',
    ...files.map(({ path, replaces }) => `  ${verb} ${logLine(path)}${replaces ? ', in place of the one before' : ''}`),
    ...(key === null
      ? []
      : [
          `  ${verb} ${logLine(key.secret_file)} (the secret, 0600)`,
          `  ${verb} ${logLine(key.public_key_file)} (give it to whoever verifies)`,
        ]),
    `  in ${logLine(root)}`,
    ...(written
      ? []
      : files.flatMap(({ path, text }) => [
          '',
          style.bold(logLine(path)),
          ...text
            .trimEnd()
            .split('\n')
            .map((line) => `  ${logLine(line)}`),
        ])),
    '',
    style.bold('What is left to do'),
    ...steps.flatMap(({ text, commands }, index) => [
      '',
      ...wrapped(`${index + 1}. ${logLine(text)}`),
      ...commands.map((command) => `     ${logLine(command)}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

const WIDTH = 80;

/** Prose in lines of a terminal; a word that is longer than a line stays whole. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH)
      lines.push(lines.length === 0 ? word : `   ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
