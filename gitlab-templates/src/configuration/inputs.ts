import { GATE_SETTINGS, type SettingDefinition, snakeCase } from '@cavra/release-governance-core';
import {
  FILE_PATH,
  IMAGE,
  JOB_NAME,
  JSON_LINE,
  NAME_WITH_VARIABLES,
  PLAIN_LINE,
  PLAIN_WORDS,
  STAGE_NAME,
  URL_WORD,
} from './input-patterns.ts';

/** An input of one of the templates, as `spec: inputs` declares it. */
export interface TemplateInput {
  /** snake_case. */
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean' | 'array';
  /** Every input has one, so that a pipeline can always be made. The empty string: not given. */
  readonly default: string | number | boolean | readonly unknown[];
  readonly description: string;
  readonly options?: readonly string[];
  /** For strings without `options`; RE2, and the same in JavaScript. */
  readonly regex?: string;
  /** Whether the program gets it, in its configuration; the others shape the job itself. */
  readonly configures: boolean;
}

export type TemplateCommand = 'gate' | 'verify';

export const DEFAULT_IMAGE = 'node:24-alpine';
export const DEFAULT_AUDIENCE = 'cavra-release-governance';
const DEFAULT_EVIDENCE_DIR = '.cavra/go-daemon';
const DEFAULT_MAX_TOKEN_AGE_SECONDS = 3_600;
const DEFAULT_MAX_EVIDENCE_AGE_SECONDS = 86_400;

/** `rules` is the job's own keyword here, so the gate's setting of that name has another. */
const SETTING_NAMES: Readonly<Record<string, string>> = { rules: 'decision_rules' };

/** What is special about a setting on GitLab. */
const SETTING_DETAILS: Readonly<Record<string, Partial<TemplateInput>>> = {
  'request-json': {
    regex: JSON_LINE,
    description: 'a request inline, as JSON on one line; GitLab takes at most 1 KB, so a file is the better place',
  },
  'evidence-dir': {
    regex: FILE_PATH,
    description: 'folder of the evidence, below the project; it becomes the artifact',
  },
  issuer: {
    regex: URL_WORD,
    description: 'pinned OIDC issuer: the address of a self-managed GitLab; https://gitlab.com by default',
  },
  audience: {
    regex: URL_WORD,
    default: DEFAULT_AUDIENCE,
    description: 'audience of the job’s OIDC token, compared exactly',
  },
  'jwks-url': { description: 'where the issuer publishes its keys; by default the issuer’s /oauth/discovery/keys' },
  jwks: { description: 'the issuer’s keys as a file, instead of jwks_url' },
  'max-token-age': {
    default: DEFAULT_MAX_TOKEN_AGE_SECONDS,
    description: 'greatest age of the OIDC token in seconds; GitLab issues it when the job starts',
  },
  'timeout-seconds': {
    description: 'deadline of the whole run in seconds; it is shortened where the job’s own timeout comes first',
  },
};

/** The name of the input for a setting of the gate. */
export function inputName(setting: string): string {
  return SETTING_NAMES[setting] ?? snakeCase(setting);
}

/** The inputs of the gate, in the order in which they are documented. */
export const GATE_INPUTS: readonly TemplateInput[] = [
  ...jobInputs('release-governance'),
  {
    name: 'dependencies',
    type: 'array',
    default: [],
    description:
      'earlier jobs whose artifacts the gate may see, such as the one that writes the request; none by default, so that no other job’s dotenv variables reach it',
    configures: false,
  },
  {
    name: 'expire_in',
    type: 'string',
    default: '90 days',
    regex: PLAIN_WORDS,
    description: 'how long GitLab keeps the evidence artifact, for example `1 year` or `never`',
    configures: false,
  },
  {
    name: 'artifact_name',
    type: 'string',
    default: 'cavra-release-governance-$CI_JOB_NAME_SLUG-$CI_JOB_ID',
    regex: NAME_WITH_VARIABLES,
    description: 'name of the evidence artifact',
    configures: true,
  },
  {
    name: 'upload_artifact',
    type: 'boolean',
    default: true,
    description: 'publish the evidence folder as an artifact, whatever was decided',
    configures: true,
  },
  {
    name: 'summary',
    type: 'boolean',
    default: true,
    description: 'show the whole result in the job’s log and link the evidence from the job’s page',
    configures: true,
  },
  ...GATE_SETTINGS.map(settingInput),
];

/** The inputs of the job that verifies the evidence of an earlier job. */
export const VERIFY_INPUTS: readonly TemplateInput[] = [
  ...jobInputs('release-governance-verify'),
  {
    name: 'needs',
    type: 'array',
    default: [{ job: 'release-governance', artifacts: true }],
    description: 'the job whose evidence is verified, as in the keyword `needs`; only its artifacts are fetched',
    configures: false,
  },
  {
    name: 'evidence_dir',
    type: 'string',
    default: DEFAULT_EVIDENCE_DIR,
    regex: FILE_PATH,
    description: 'folder of the evidence in that job’s artifact',
    configures: true,
  },
  {
    name: 'keyring',
    type: 'string',
    default: '',
    regex: PLAIN_LINE,
    description: 'keys by id, with status and period; else CAVRA_DAEMON_EVIDENCE_HMAC_KEY and its _KEY_ID are used',
    configures: true,
  },
  paths('public_key', 'Ed25519 public keys, one of which must have signed the checkpoint; with it no secret is needed'),
  paths('subject', 'release artifacts that must be subjects of the checkpoint, files or globs'),
  paths('against', 'earlier checkpoints that the evidence must continue'),
  {
    name: 'integrity_only',
    type: 'boolean',
    default: false,
    description: 'accept that no signature is checked; the report says so',
    configures: true,
  },
  {
    name: 'expect_provider',
    type: 'string',
    default: 'gitlab-ci',
    options: ['gitlab-ci', 'github-actions', 'azure-pipelines'],
    description: 'the platform of every record',
    configures: true,
  },
  expectation('repository', 'the repository of every record; this project by default'),
  expectation('ref', 'the ref of every record; this pipeline’s by default'),
  expectation('sha', 'the commit of every record; this pipeline’s by default'),
  expectation('run_id', 'the pipeline of every record; this one by default'),
  {
    name: 'expect_decision',
    type: 'string',
    default: 'allow',
    options: ['allow', 'block', 'require_approval'],
    description: 'the worst decision of the evidence',
    configures: true,
  },
  {
    name: 'max_age',
    type: 'number',
    default: DEFAULT_MAX_EVIDENCE_AGE_SECONDS,
    description: 'greatest age of the last record in seconds',
    configures: true,
  },
];

/** The inputs of a template. */
export function inputsOf(command: TemplateCommand): readonly TemplateInput[] {
  return command === 'gate' ? GATE_INPUTS : VERIFY_INPUTS;
}

function jobInputs(jobName: string): readonly TemplateInput[] {
  return [
    {
      name: 'job_name',
      type: 'string',
      default: jobName,
      regex: JOB_NAME,
      description: 'name of the job',
      configures: false,
    },
    {
      name: 'stage',
      type: 'string',
      default: 'test',
      regex: STAGE_NAME,
      description: 'stage of the job',
      configures: false,
    },
    {
      name: 'image',
      type: 'string',
      default: DEFAULT_IMAGE,
      regex: IMAGE,
      description: 'image with Node.js 20.19 or later and sh or bash; pin it by digest',
      configures: false,
    },
    {
      name: 'rules',
      type: 'array',
      default: [{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"', when: 'never' }, { when: 'on_success' }],
      description:
        'when the job runs, as in the keyword `rules`; by default in every pipeline but those of merge requests',
      configures: false,
    },
  ];
}

function paths(name: string, description: string): TemplateInput {
  const several = `${description}; several with a semicolon between them`;
  return { name, type: 'string', default: '', regex: PLAIN_LINE, description: several, configures: true };
}

function expectation(field: string, description: string): TemplateInput {
  return { name: `expect_${field}`, type: 'string', default: '', regex: PLAIN_LINE, description, configures: true };
}

function settingInput(setting: SettingDefinition): TemplateInput {
  const later = setting.availability === 'not yet' ? ' (refused by this version)' : '';
  const details = SETTING_DETAILS[setting.name];
  return {
    name: inputName(setting.name),
    configures: true,
    ...typeOf(setting),
    ...details,
    description: `${details?.description ?? oneLine(setting)}${later}`,
  };
}

function oneLine({ kind, description }: SettingDefinition): string {
  return kind === 'list' ? description.replace('one a line', 'several with a semicolon between them') : description;
}

function typeOf({
  kind,
  choices,
  default: standard,
}: SettingDefinition): Pick<TemplateInput, 'type' | 'default' | 'options' | 'regex'> {
  switch (kind) {
    case 'flag':
      return { type: 'boolean', default: standard === 'true' };
    case 'seconds':
      return { type: 'number', default: Number(standard) };
    case 'choice':
      return { type: 'string', default: standard ?? '', options: choices ?? [] };
    default:
      return { type: 'string', default: standard ?? '', regex: PLAIN_LINE };
  }
}
