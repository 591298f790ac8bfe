import { camelCase, GATE_SETTINGS, type SettingDefinition } from '@cavra/release-governance-core';
import { COMMANDS, SERVICE_CONNECTION_INPUT } from '../release-governance/src/inputs/inputs.ts';
import {
  DEFAULT_MAX_AGE_SECONDS,
  DEFAULT_PATH,
  EXPECTED_DECISIONS,
  EXPECTED_PROVIDERS,
} from '../release-governance/src/inputs/verify-inputs.ts';
import { GROUP_OF, type GroupName } from './task-groups.ts';

/** An input of the task, as task.json declares it. No input is required: what is missing is told by the gate, with what to do. */
export interface TaskInput {
  readonly name: string;
  readonly type: 'string' | 'multiLine' | 'boolean' | 'pickList' | 'connectedService:AzureRM';
  readonly label: string;
  readonly defaultValue: string;
  readonly required: false;
  readonly helpMarkDown: string;
  readonly groupName?: GroupName;
  readonly visibleRule?: string;
  readonly options?: Readonly<Record<string, string>>;
}

/** All inputs, in the order of the form. */
export function taskInputs(): readonly TaskInput[] {
  return [command(), ...GATE_SETTINGS.map(settingInput), ...serviceConnection(), ...publication(), ...verification()];
}

function command(): TaskInput {
  return {
    name: 'command',
    type: 'pickList',
    label: 'Command',
    defaultValue: COMMANDS[0],
    required: false,
    helpMarkDown:
      '`gate` decides and leaves evidence. `verify` checks the evidence that a gate of an earlier stage left, and by default expects it to be of this run, repository and commit, and to allow.',
    options: choices(COMMANDS),
  };
}

/** What is special about a setting on Azure Pipelines, in place of its general description. */
const HELP: Readonly<Record<string, string>> = {
  request: 'Request files or globs, one a line, relative to the default working directory.',
  auth: 'How the job proves who it is. `auto` takes the OIDC token that Azure DevOps Services gives every job, where `issuer` pins its organisation; else the HMAC key of the secret variable `CAVRA_RUNNER_AUTH_HMAC_KEY`.',
  issuer:
    'Pins your organisation: `https://vstoken.dev.azure.com/<organisation id>`, where the id is the value of the predefined variable `System.CollectionId` (print it once with `echo $(System.CollectionId)`). Write it as text, not as a variable: a variable could be set by whoever is to be kept out.',
  audience: 'Leave this empty: Azure issues tokens for `api://AzureADTokenExchange` only.',
  'jwks-url': 'Where the issuer publishes its keys. Not needed with an issuer of `https://vstoken.dev.azure.com`.',
  'evidence-dir': 'Folder of the evidence, relative to the default working directory.',
};

function settingInput(setting: SettingDefinition): TaskInput {
  const name = camelCase(setting.name);
  const later = setting.availability === 'not yet' ? ' This version refuses it.' : '';
  return {
    name,
    label: labelOf(setting.name),
    required: false,
    helpMarkDown: `${HELP[setting.name] ?? sentence(setting.description)}${later}`,
    ...typeOf(setting),
    ...placeOf(name),
  };
}

/** Inputs that serve both commands. */
const SHARED = ['keyring', 'summary'];

function placeOf(name: string): Pick<TaskInput, 'groupName' | 'visibleRule'> {
  if (SHARED.includes(name)) return {};
  const groupName = GROUP_OF[name];
  return groupName === undefined ? { visibleRule: 'command = gate' } : { groupName };
}

function typeOf(setting: SettingDefinition): Pick<TaskInput, 'type' | 'defaultValue' | 'options'> {
  const defaultValue = setting.default ?? '';
  switch (setting.kind) {
    case 'flag':
      return { type: 'boolean', defaultValue };
    case 'choice':
      return { type: 'pickList', defaultValue, options: choices(setting.choices ?? []) };
    case 'list':
      return { type: 'multiLine', defaultValue };
    default:
      return { type: setting.name === 'request-json' ? 'multiLine' : 'string', defaultValue };
  }
}

function serviceConnection(): readonly TaskInput[] {
  return [
    {
      name: SERVICE_CONNECTION_INPUT,
      type: 'connectedService:AzureRM',
      label: 'Service connection',
      defaultValue: '',
      required: false,
      helpMarkDown:
        'Not needed. Asks for the OIDC token of this connection instead of the pipeline’s own. Such a token proves neither repository nor run, so the gate records it and refuses.',
      groupName: 'trust',
    },
  ];
}

function publication(): readonly TaskInput[] {
  const input = (
    name: string,
    label: string,
    type: TaskInput['type'],
    defaultValue: string,
    helpMarkDown: string,
  ): TaskInput => ({ name, type, label, defaultValue, required: false, helpMarkDown, ...placeOf(name) });
  return [
    input(
      'uploadArtifact',
      'Upload the evidence',
      'boolean',
      'true',
      'Publishes the evidence folder as an artifact of the run, whatever was decided. Only the gate’s own files are published, and none that holds a secret.',
    ),
    input(
      'artifactName',
      'Artifact name',
      'string',
      '',
      'Empty: `cavra-release-governance-<stage>-<job>-<attempt>`. Where the name is taken in this job, `-2` and so on is added; the output `artifactName` has the name.',
    ),
    input(
      'retentionDays',
      'Retention in days',
      'string',
      '',
      'Has no effect here: Azure Pipelines keeps an artifact for as long as its run. Set the retention of runs in the project’s settings.',
    ),
    input('summary', 'Summary', 'boolean', 'true', 'Shows the result on the run’s page.'),
  ];
}

function verification(): readonly TaskInput[] {
  const input = (
    name: string,
    label: string,
    type: TaskInput['type'],
    defaultValue: string,
    helpMarkDown: string,
    options?: readonly string[],
  ): TaskInput => ({
    name,
    type,
    label,
    defaultValue,
    required: false,
    helpMarkDown,
    ...(name.startsWith('expect') || name === 'maxAge'
      ? { groupName: 'expected' as const }
      : { visibleRule: 'command = verify' }),
    ...(options === undefined ? {} : { options: choices(options) }),
  });
  return [
    input(
      'path',
      'Evidence',
      'string',
      DEFAULT_PATH,
      'Folder of the downloaded evidence, its `.jsonl`, or a zip of it.',
    ),
    input(
      'publicKey',
      'Public keys',
      'multiLine',
      '',
      'Files of Ed25519 public keys, one a line. One of them must have signed the checkpoint; with it no secret is needed.',
    ),
    input(
      'subject',
      'Subjects',
      'multiLine',
      '',
      'Release artifacts that must be subjects of the checkpoint, which must say PASSED; files or globs, one a line.',
    ),
    input(
      'against',
      'Earlier checkpoints',
      'multiLine',
      '',
      'Earlier or external checkpoints that the evidence must continue, one a line: shows truncation, fork and rollback.',
    ),
    input(
      'integrityOnly',
      'Integrity only',
      'boolean',
      'false',
      'Accepts that no signature is checked, where there is no key to check with. The result says so.',
    ),
    input(
      'expectProvider',
      'Provider',
      'pickList',
      EXPECTED_PROVIDERS[0],
      'The platform of every record; `any`: not checked.',
      EXPECTED_PROVIDERS,
    ),
    input(
      'expectRepository',
      'Repository',
      'string',
      '',
      'The repository of every record; empty: this run’s; `any`: not checked.',
    ),
    input(
      'expectRef',
      'Ref',
      'string',
      '',
      'The ref of every record, such as `refs/heads/main`; empty: this run’s; `any`: not checked.',
    ),
    input('expectSha', 'Commit', 'string', '', 'The commit of every record; empty: this run’s; `any`: not checked.'),
    input(
      'expectRunId',
      'Run',
      'string',
      '',
      'The run (`Build.BuildId`) of every record; empty: this one; `any`: not checked.',
    ),
    input(
      'expectDecision',
      'Decision',
      'pickList',
      EXPECTED_DECISIONS[0],
      'The worst decision of the evidence; `any`: not checked.',
      EXPECTED_DECISIONS,
    ),
    input(
      'maxAge',
      'Greatest age in seconds',
      'string',
      String(DEFAULT_MAX_AGE_SECONDS),
      'Greatest age of the last record.',
    ),
  ];
}

const SPELLED: Readonly<Record<string, string>> = {
  json: 'JSON',
  jwks: 'JWKS',
  url: 'URL',
  sha256: 'SHA-256',
  id: 'ID',
};

/** `jwks-url` -> `JWKS URL`, `expected-decision` -> `Expected decision`. */
function labelOf(name: string): string {
  const words = name.split('-').map((word) => SPELLED[word] ?? word);
  return sentence(words.join(' ')).replace(/\.$/, '');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function choices(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => [word, word]));
}
