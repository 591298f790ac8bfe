import type { Provider } from '../wire/messages.ts';
import type { ApprovalSource, ApprovalTerms, Approver, PeoplePlatform, PlatformSource } from './terms.ts';

/** Where the people of a run have their ids; a local run has no platform. */
const PLATFORMS: Readonly<Record<Provider, PeoplePlatform | null>> = {
  'github-actions': 'github',
  'gitlab-ci': 'gitlab',
  'azure-pipelines': 'azure',
  local: null,
};

/** On which platform a source proves anything. */
const SOURCE_PROVIDERS: Readonly<Record<PlatformSource, Provider>> = {
  'github-environment': 'github-actions',
  'github-pull-request': 'github-actions',
  'gitlab-deployment': 'gitlab-ci',
  'azure-approval': 'azure-pipelines',
};

/** The person's id where the run is; undefined: there is none, so that nobody can tell whether they started it. */
export function idOn(person: Approver, provider: Provider): string | undefined {
  const platform = PLATFORMS[provider];
  return platform === null ? undefined : person.ids[platform];
}

export function provesOn(source: ApprovalSource, provider: Provider): boolean {
  return source === 'ssh' || SOURCE_PROVIDERS[source] === provider;
}

/** By which of a rule's sources a person can count at all; empty: by none. */
export function countableSources(
  person: Approver,
  { sources, exclude }: Pick<ApprovalTerms, 'sources' | 'exclude'>,
  provider: Provider,
): readonly ApprovalSource[] {
  const known = idOn(person, provider) !== undefined;
  if (exclude.length > 0 && !known) return [];
  return sources.filter((source) => provesOn(source, provider) && (source === 'ssh' ? person.keys.length > 0 : known));
}
