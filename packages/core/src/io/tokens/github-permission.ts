import type { Environment } from '../../domain/identity/sources.ts';
import { parseStrictJson } from '../../domain/json/parse.ts';
import { JsonObject, type JsonValue } from '../../domain/json/value.ts';
import { MAX_CONFIGURATION_FILE_BYTES } from '../../domain/limits.ts';
import { readRegularFile } from '../files/read-regular-file.ts';
import { given } from './value.ts';

const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9-]{0,99}\/[A-Za-z0-9._-]{1,100}$/;

/**
 * Why a job on GitHub Actions was given nothing to ask for a token with. Everything read here serves the sentence alone; nothing is
 * decided by it.
 */
export async function whyGitHubGivesNone(environment: Environment): Promise<string> {
  if (given(environment, 'GITHUB_ACTOR') === 'dependabot[bot]') {
    return 'this run was started by Dependabot, which GitHub gives no OIDC token, whatever permissions the workflow declares';
  }
  if (!given(environment, 'GITHUB_EVENT_NAME')?.startsWith('pull_request')) return PERMISSION_MISSING;

  const own = given(environment, 'GITHUB_REPOSITORY');
  const head = await headRepository(given(environment, 'GITHUB_EVENT_PATH'));
  if (head === 'deleted')
    return 'this run is for a pull request from a fork that was deleted, and GitHub gives a fork no OIDC token';
  if (head === undefined || own === undefined) {
    return `${PERMISSION_MISSING}, or this pull request comes from a fork, which GitHub gives no OIDC token`;
  }
  if (head.toLowerCase() === own.toLowerCase()) return PERMISSION_MISSING;
  return `this run is for a pull request from the fork ${head}, and GitHub gives a fork no OIDC token, whatever permissions the workflow declares`;
}

const PERMISSION_MISSING =
  'this job does not have `permissions: id-token: write` (in a reusable workflow, the calling job needs it too)';

/** The repository that a pull request comes from, by the event's file; `deleted` when it is gone, undefined when it is not known. */
async function headRepository(path: string | undefined): Promise<string | 'deleted' | undefined> {
  if (path === undefined) return undefined;
  try {
    const event = parseStrictJson(await readRegularFile(path, MAX_CONFIGURATION_FILE_BYTES), {
      maxBytes: MAX_CONFIGURATION_FILE_BYTES,
    });
    const repository = member(member(member(event, 'pull_request'), 'head'), 'repo');
    if (repository === null) return 'deleted';
    const name = member(repository, 'full_name');
    return typeof name === 'string' && REPOSITORY.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return value instanceof JsonObject ? value.get(name) : undefined;
}
