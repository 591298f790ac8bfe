import type { Platform } from '../../../identity/sources.ts';
import { bindAzure } from './azure.ts';
import type { BindIdentity } from './binding.ts';
import { bindGithub } from './github.ts';
import { bindGitlab } from './gitlab.ts';

export const BINDERS: Readonly<Record<Platform, BindIdentity>> = {
  'github-actions': bindGithub,
  'gitlab-ci': bindGitlab,
  'azure-pipelines': bindAzure,
};
