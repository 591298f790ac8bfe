import { ConfigurationError } from '../domain/diagnosis.ts';

/** The platforms that `init` writes a pipeline for. */
export const INIT_PLATFORMS = ['github', 'gitlab', 'azure'] as const;
export type InitPlatform = (typeof INIT_PLATFORMS)[number];

/** How the evidence is sealed: without any stored key, or with one Ed25519 key that the jobs hold. */
export type SealChoice = 'keyless' | 'key';

/** What `init` is asked to set up. */
export interface InitQuestion {
  readonly platform: InitPlatform;
  readonly seal: SealChoice;
  /** The commit of this product that somebody has reviewed, 40 hex digits; undefined: a placeholder that no pipeline runs with. */
  readonly reviewedCommit: string | undefined;
  /** Path of the request, with slashes, from the root of the repository. */
  readonly request: string;
  /** What is released to, such as `production`. */
  readonly target: string;
  /** Where the approval can be looked up; undefined: the request says `pending`. */
  readonly approvalId: string | undefined;
  /** The token issuer of a self-managed GitLab or of an Azure organisation; undefined: the platform's public one, a placeholder on Azure. */
  readonly issuer: string | undefined;
  /** The protected environment in which the gate runs; undefined: none. */
  readonly environment: string | undefined;
  /** Id of the key, such as `ci-attestation-2026-q4`. */
  readonly keyId: string;
  /** Where the key's secret lies, for the commands that store it; undefined under `keyless`. */
  readonly secretFile: string | undefined;
  /** For the trust policy; undefined: none is written. */
  readonly policy: PolicyQuestion | undefined;
}

/** Whom the trust policy lets pass. */
export interface PolicyQuestion {
  /** `owner/name` on GitHub, the project's path on GitLab; on Azure the project's name, for people. */
  readonly repository: string;
  /** Numeric id of the repository or project; on Azure the project's UUID. */
  readonly repositoryId: string;
}

/** What stands where a reviewed commit belongs. No platform finds a commit of that name, so the pipeline cannot run with it. */
export const UNREVIEWED = 'REPLACE_WITH_THE_COMMIT_THAT_YOU_REVIEWED';
/** What stands where the issuer of the Azure organisation belongs; the gate refuses it. */
export const UNKNOWN_ISSUER = 'https://vstoken.dev.azure.com/REPLACE_WITH_SYSTEM_COLLECTION_ID';

const COMMIT = /^[0-9a-f]{40}$/;
const PLAIN_WORD = /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$/;
const REQUEST_PATH = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*\.json$/;
const REPOSITORY = /^[A-Za-z0-9._ -]+(?:\/[A-Za-z0-9._-]+)*$/;
const ID: Readonly<Record<InitPlatform, RegExp>> = {
  github: /^[0-9]{1,20}$/,
  gitlab: /^[0-9]{1,20}$/,
  azure: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};
const HTTPS_ISSUER = /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/-]*)?$/;

/**
 * Refuses what would make a pipeline that means something else than what was asked for: each text goes into YAML and into commands.
 *
 * @throws ConfigurationError CAVRA-E217 naming every option that does not fit
 */
export function checkQuestion(question: InitQuestion): void {
  const problems = [...textProblems(question), ...sealProblems(question), ...policyProblems(question)];
  if (problems.length > 0) throw new ConfigurationError('CAVRA-E217', `init: ${problems.join('; ')}`);
}

function textProblems(question: InitQuestion): string[] {
  const { platform, reviewedCommit, request, target, approvalId, issuer, environment } = question;
  return [
    ...(reviewedCommit === undefined || COMMIT.test(reviewedCommit)
      ? []
      : ['--ref must be a full commit of 40 lower-case hex digits; a tag or branch can be moved']),
    ...(reviewedCommit === undefined || platform !== 'azure'
      ? []
      : ['--ref has no meaning on Azure, where the collection’s administrator installs a version of the extension']),
    ...(REQUEST_PATH.test(request) ? [] : ['--request must be a path of a .json file below the repository']),
    ...(PLAIN_WORD.test(target) ? [] : ['--target must be one word, such as production']),
    ...(approvalId === undefined || PLAIN_WORD.test(approvalId)
      ? []
      : ['--approval-id must be one word, such as CHG-20417']),
    ...(environment === undefined || PLAIN_WORD.test(environment)
      ? []
      : ['--environment must be one word, such as production']),
    ...(environment === undefined || platform !== 'azure'
      ? []
      : ['--environment has no meaning on Azure, whose token names no environment']),
    ...(issuer === undefined || HTTPS_ISSUER.test(issuer) ? [] : ['--issuer must be an https address without a query']),
  ];
}

function sealProblems({ platform, seal, issuer }: InitQuestion): string[] {
  if (seal === 'key') return [];
  if (platform === 'azure') {
    return ['--keyless is impossible on Azure, whose tokens have a fixed audience; use --key'];
  }
  return issuer === undefined
    ? []
    : ['--keyless needs an issuer that the public certificate authority knows: github.com or gitlab.com; use --key'];
}

function policyProblems({ platform, policy }: InitQuestion): string[] {
  if (policy === undefined) return [];
  return [
    ...(REPOSITORY.test(policy.repository) ? [] : ['--repository is no name of a repository or project']),
    ...(ID[platform].test(policy.repositoryId) ? [] : [`--repository-id must be ${ID_TEXT[platform]}`]),
  ];
}

/** What `--repository-id` is, and the command that finds it. */
const ID_TEXT: Readonly<Record<InitPlatform, string>> = {
  github: 'the repository’s numeric id; find it with `gh api repos/OWNER/NAME --jq .id`',
  gitlab: 'the project’s numeric id; find it with `glab repo view --output json | jq .id`',
  azure: 'the project’s UUID; find it with `az devops project show --project NAME --query id --output tsv`',
};

/** @throws ConfigurationError CAVRA-E217 a policy is asked for and the repository or its id is not known */
export function policyQuestion(
  platform: InitPlatform,
  repository: string | undefined,
  repositoryId: string | undefined,
): PolicyQuestion {
  if (repository === undefined) {
    throw new ConfigurationError('CAVRA-E217', 'init: --policy needs --repository: the Git remote names none');
  }
  if (repositoryId === undefined) {
    throw new ConfigurationError('CAVRA-E217', `init: --policy needs --repository-id: ${ID_TEXT[platform]}`);
  }
  return { repository, repositoryId };
}
