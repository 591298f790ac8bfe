import { GATE_SETTINGS, type SettingDefinition, snakeCase } from '@cavra/release-governance-core';
import { FILE_PATH, JSON_LINE, NAME_WITH_VARIABLES, PLAIN_LINE, PLAIN_WORDS, URL_WORD } from './input-patterns.ts';
import { jobInputs, type TemplateInput } from './template-input.ts';

export const DEFAULT_AUDIENCE = 'cavra-release-governance';
const DEFAULT_MAX_TOKEN_AGE_SECONDS = 3_600;

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
  'jwks-url': {
    description:
      'where the issuer publishes its keys; by default its /oauth/discovery/keys, or what its discovery document says',
  },
  jwks: { description: 'the issuer’s keys as a file, instead of jwks_url' },
  'max-token-age': {
    default: DEFAULT_MAX_TOKEN_AGE_SECONDS,
    description: 'greatest age of the OIDC token in seconds; GitLab issues it when the job starts',
  },
  'ca-certificates': {
    description:
      'certificate authorities to trust besides Node’s own: the word CI_SERVER_TLS_CA_FILE for the one that the runner knows of the instance, a file that the job cannot write, or FILE@sha256:HEX',
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

function settingInput(setting: SettingDefinition): TemplateInput {
  const details = SETTING_DETAILS[setting.name];
  return {
    name: inputName(setting.name),
    configures: true,
    ...typeOf(setting),
    ...details,
    description: details?.description ?? oneLine(setting),
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
