import {
  choicesOf,
  describeVerifySetting,
  snakeCase,
  VERIFY_SETTINGS,
  type VerifySettingDefinition,
} from '@cavra/release-governance-core';
import { FILE_PATH, PLAIN_LINE, URL_WORD } from './input-patterns.ts';
import { jobInputs, type TemplateInput } from './template-input.ts';

const DEFAULT_EVIDENCE_DIR = '.cavra/go-daemon';

/** The name of the input for a setting of `verify`: the folder is called as in the gate that fills it. */
export function verifyInputName(setting: string): string {
  return setting === 'path' ? 'evidence_dir' : snakeCase(setting);
}

/** What is special about a setting of `verify` on GitLab. */
const VERIFY_DETAILS: Readonly<Record<string, Partial<TemplateInput>>> = {
  path: {
    default: DEFAULT_EVIDENCE_DIR,
    regex: FILE_PATH,
    description: 'folder of the evidence in that job’s artifact',
  },
  'expect-provider': { default: 'gitlab-ci' },
  issuer: {
    regex: URL_WORD,
    description:
      'pinned OIDC issuer of this job’s token: the address of a self-managed GitLab; https://gitlab.com by default',
  },
  'ca-certificates': {
    description:
      'certificate authorities to trust besides Node’s own: the word CI_SERVER_TLS_CA_FILE for the one that the runner knows of the instance, a file that the job cannot write, or FILE@sha256:HEX',
  },
  audience: {
    regex: URL_WORD,
    default: 'cavra-release-governance-verify',
    description: 'audience of this job’s token, compared exactly; it must not be the one of the gate',
  },
};

/** An input for the setting, and one for its other name. */
function verifyInputs(setting: VerifySettingDefinition): readonly TemplateInput[] {
  const { name, alias } = setting;
  const input: TemplateInput = {
    name: verifyInputName(name),
    configures: true,
    ...typeOfVerify(setting),
    description: describeVerifySetting(setting, 'semicolons'),
    ...VERIFY_DETAILS[name],
  };
  if (alias === undefined) return [input];
  return [input, { ...input, name: snakeCase(alias), description: `another name of \`${input.name}\`` }];
}

/** A number is text here: GitLab’s own type of numbers has neither an empty value nor a word. */
function typeOfVerify(setting: VerifySettingDefinition): Pick<TemplateInput, 'type' | 'default' | 'options' | 'regex'> {
  const standard = setting.adapterDefault ?? '';
  switch (setting.kind) {
    case 'flag':
      return { type: 'boolean', default: false };
    case 'choice':
      return { type: 'string', default: standard, options: [...choicesOf(setting), ''] };
    default:
      return { type: 'string', default: standard, regex: PLAIN_LINE };
  }
}

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
  ...VERIFY_SETTINGS.flatMap(verifyInputs),
];
