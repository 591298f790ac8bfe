import type { Environment, Platform } from '../../../identity/sources.ts';
import type { BindingFacts } from './binding.ts';

const REPOSITORY_ID: Readonly<Record<Platform, string>> = {
  'github-actions': 'GITHUB_REPOSITORY_ID',
  'gitlab-ci': 'CI_PROJECT_ID',
  'azure-pipelines': 'BUILD_REPOSITORY_ID',
};

/** Reads what one platform's environment says of the repository beside the identity. */
export function readBindingFacts(platform: Platform, env: Environment): BindingFacts {
  return {
    repositoryId: env[REPOSITORY_ID[platform]] || undefined,
    repositoryUri: platform === 'azure-pipelines' ? env[REPOSITORY_URI] || undefined : undefined,
  };
}

const REPOSITORY_URI = 'BUILD_REPOSITORY_URI';
