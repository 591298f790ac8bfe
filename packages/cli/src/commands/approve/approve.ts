import {
  type ApprovalDecision,
  type ApprovalPreview,
  type ApprovalReport,
  approveRequest,
  ConfigurationError,
  logLine,
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
    name: 'repository',
    kind: 'value',
    placeholder: 'PROVIDER:NAME',
    description: 'such as github:octo-org/octo-repo; by default the Git remote origin, on github.com or gitlab.com',
  },
  { name: 'subject', kind: 'list', placeholder: 'FILE', description: 'a release artifact, or a glob; may be repeated' },
  {
    name: 'commit',
    kind: 'value',
    placeholder: 'SHA',
    description: 'the full hash; by default HEAD, if nothing was changed',
  },
  {
    name: 'run-id',
    kind: 'value',
    placeholder: 'ID',
    description: 'only this run; by default every run in the period',
  },
  {
    name: 'expires',
    kind: 'value',
    placeholder: 'TIME',
    description: 'how long it serves: 72h unless given, 4h in an emergency',
  },
  { name: 'reject', kind: 'flag', description: 'say no' },
  { name: 'emergency', kind: 'flag', description: 'let one run pass alone; needs --run-id and --reason' },
  {
    name: 'reason',
    kind: 'value',
    placeholder: 'TEXT',
    description: 'why; evidence publishes it, so no e-mail address',
  },
  {
    name: 'key',
    kind: 'value',
    placeholder: 'FILE',
    description:
      'SSH key, or the public half of one in an agent or on a security key; by default the one Git signs with',
  },
  {
    name: 'output',
    kind: 'value',
    placeholder: 'FILE',
    description: 'by default REQUEST.KEY.approval.json, in this folder',
  },
  FORMAT,
];

export const approveCommand: Command = {
  name: 'approve',
  summary: 'sign an approval of a request with ssh-keygen',
  synopsis: 'REQUEST',
  details:
    'It shows what will be signed, writes it, and has ssh-keygen sign it: the signature stands beside it, in a file that ends in\n.sig. It never reads a private key. Hand both files to the gate (approval). docs/approvals.md says where to keep them.',
  options: OPTIONS,
  positionals: [1, 1],
  run: runApprove,
};

async function runApprove(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const value = (name: string) => given('approve', parsed, name);
  const json = wantsJson(parsed);
  const style = styleFor(terminal.colour && !json);
  const report = await approveRequest(
    {
      request: parsed.positionals[0] ?? '',
      decision: decisionOf(parsed),
      repository: value('repository'),
      subjects: parsed.lists.get('subject') ?? [],
      commit: value('commit'),
      runId: value('run-id'),
      expires: value('expires'),
      reason: value('reason'),
      key: value('key'),
      output: value('output'),
      workingDirectory: terminal.workingDirectory,
      now: terminal.now,
      randomBytes: terminal.randomBytes,
    },
    (preview) => (json ? terminal.err : terminal.out)(previewText(preview, style)),
  );
  terminal.out(json ? jsonText(report) : reportText(report, style));
  return 0;
}

function decisionOf({ flags }: ParsedArguments): ApprovalDecision {
  if (flags.has('reject') && flags.has('emergency')) {
    throw new ConfigurationError('CAVRA-E217', 'approve: --reject excludes --emergency');
  }
  return flags.has('reject') ? 'reject' : flags.has('emergency') ? 'emergency' : 'approve';
}

const HEADLINES: Readonly<Record<ApprovalDecision, string>> = {
  approve: 'You approve this release',
  reject: 'You reject this release',
  emergency: 'You let this release pass in an emergency',
};

function previewText({ statement, key }: ApprovalPreview, style: Style): string {
  const { request, commit, artifacts, predicate } = statement;
  const rows: readonly (readonly [string, string])[] = [
    ['repository', `${predicate.provider} ${predicate.repository}`],
    ['request', `${request.name}  sha256 ${request.sha256}`],
    ['target', predicate.target ?? '(none)'],
    ['version', predicate.release_version ?? '(none)'],
    ['kind', predicate.metadata_kind ?? '(none)'],
    ['commit', commit ?? '(none: this is no Git repository; most policies ask for one)'],
    ...artifacts.map(({ name, sha256 }) => ['artifact', `${name}  sha256 ${sha256}`] as const),
    ['run', predicate.run_id ?? 'every run in the period'],
    ...(predicate.reason === '' ? [] : [['reason', predicate.reason] as const]),
    ['period', `${predicate.not_before} until ${predicate.not_after}`],
    ['key', `${key.fingerprint}${key.onAuthenticator ? ' on a security key: touch it when it blinks' : ''}`],
  ];
  const lines = rows.map(([label, text]) => `  ${style.dim(label.padEnd(10))}  ${logLine(text)}`);
  return `${style.bold(HEADLINES[predicate.decision])}\n${lines.join('\n')}\n`;
}

function reportText({ document, signature, signed_by: { touched } }: ApprovalReport, style: Style): string {
  const warning =
    touched === false ? [style.warn('The key was not touched: most policies do not count this signature.')] : [];
  return [
    `${style.good('Signed')}  ${logLine(document)} and ${logLine(signature)}`,
    ...warning,
    'Hand both to the gate, for example on the branch release-approvals. ssh-keygen -Y verify alone can check them.',
    '',
  ].join('\n');
}
