import { ConfigurationError } from '../domain/diagnosis.ts';
import { type GitRemote, git, gitRemote } from '../io/system/git.ts';

/** The Git repository that a folder belongs to. */
export interface GitRepository {
  /** Absolute path of its work tree. */
  readonly root: string;
  /** Its remote `origin`; undefined: there is none that can be read. */
  readonly remote: GitRemote | undefined;
}

/**
 * Asks Git for the repository of a folder.
 *
 * @param folder absolute
 * @throws ConfigurationError CAVRA-E217 there is none, or Git cannot be run
 */
export async function gitRepository(folder: string): Promise<GitRepository> {
  const root = await git(folder, 'rev-parse', '--show-toplevel').catch((error: unknown) => {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = isAbsent ? 'git cannot be run' : `${folder} is in no Git repository`;
    throw new ConfigurationError('CAVRA-E217', `init: ${reason}; run \`git init\` or change into a repository`, {
      cause: error,
    });
  });
  return { root, remote: await gitRemote(root) };
}
