import { ConfigurationError } from '../domain/diagnosis.ts';
import { oneLine } from '../domain/text/printable.ts';
import type { Provider } from '../domain/wire/messages.ts';
import { git, gitRemote } from '../io/system/git.ts';

export interface NamedRepository {
  readonly provider: Provider;
  readonly name: string;
}

/** How `--repository` may call a platform. */
const PROVIDER_NAMES: Readonly<Record<string, Provider>> = {
  github: 'github-actions',
  'github-actions': 'github-actions',
  gitlab: 'gitlab-ci',
  'gitlab-ci': 'gitlab-ci',
  azure: 'azure-pipelines',
  'azure-pipelines': 'azure-pipelines',
  local: 'local',
};

const KNOWN_HOSTS: Readonly<Record<string, Provider>> = { 'github.com': 'github-actions', 'gitlab.com': 'gitlab-ci' };

/**
 * The repository that the release is of.
 *
 * @param given `PROVIDER:NAME`; undefined: that of the Git remote `origin`, where its host says which platform it is
 * @throws ConfigurationError CAVRA-E217 it is of another form; CAVRA-E258 it is not known
 */
export async function repositoryToApprove(given: string | undefined, folder: string): Promise<NamedRepository> {
  if (given !== undefined) return namedRepository(given);
  const remote = await gitRemote(folder);
  const provider = remote === undefined ? undefined : KNOWN_HOSTS[remote.host];
  if (remote !== undefined && provider !== undefined) return { provider, name: remote.path };
  const found =
    remote === undefined ? 'no Git remote origin names it' : `the Git remote origin is on ${oneLine(remote.host)}`;
  throw new ConfigurationError('CAVRA-E258', `it is not known which platform’s repository this is of: ${found}`);
}

function namedRepository(given: string): NamedRepository {
  const at = given.indexOf(':');
  const provider = PROVIDER_NAMES[given.slice(0, Math.max(at, 0))];
  const name = given.slice(at + 1);
  if (provider !== undefined && name !== '') return { provider, name };
  const message = `--repository is ${oneLine(given)}, expected PROVIDER:NAME such as github:octo-org/octo-repo; known are github, gitlab, azure, local`;
  throw new ConfigurationError('CAVRA-E217', message);
}

const GIT_COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;

/**
 * The commit that is approved.
 *
 * @param given a full hash; undefined: HEAD, where nothing that Git tracks was changed since
 * @returns null: there is no Git repository here, so that none is named
 * @throws ConfigurationError CAVRA-E217 it is no full hash; CAVRA-E258 HEAD is not what stands in the folder
 */
export async function commitToApprove(given: string | undefined, folder: string): Promise<string | null> {
  if (given !== undefined) {
    if (GIT_COMMIT.test(given)) return given;
    throw new ConfigurationError('CAVRA-E217', `--commit is ${oneLine(given)}, expected a full hash in lower case`);
  }
  const head = await git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD').catch(() => undefined);
  if (head === undefined || !GIT_COMMIT.test(head)) return null;
  const changes = await git(folder, 'status', '--porcelain', '--untracked-files=no');
  if (changes === '') return head;
  const message = `files were changed since the commit ${head}: an approval of it would not be of what stands here`;
  throw new ConfigurationError('CAVRA-E258', message);
}
