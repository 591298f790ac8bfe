import { readFile } from 'node:fs/promises';
import type { Environment } from './environment.ts';

/** Events of a pull request that run its own workflow; `pull_request_target` runs the base's, with secrets. */
const PULL_REQUEST = /^pull_request(_review|_review_comment)?$/;

/**
 * Why this run was given no secrets, if it is one of those that GitHub gives none; the key that is missing is there, but not for it. This
 * serves the sentence alone, nothing is decided by it.
 */
export async function whyNoSecrets(environment: Environment): Promise<string | undefined> {
  if (environment['GITHUB_ACTOR'] === 'dependabot[bot]')
    return 'GitHub gives a run by Dependabot none of the Actions secrets';
  if (!PULL_REQUEST.test(environment['GITHUB_EVENT_NAME'] ?? '')) return undefined;
  const head = await headRepository(environment['GITHUB_EVENT_PATH']);
  return head === environment['GITHUB_REPOSITORY'] ? undefined : 'GitHub gives a pull request from a fork no secrets';
}

/** The repository that a pull request comes from; null: it is gone, undefined: nobody knows. */
async function headRepository(path: string | undefined): Promise<unknown> {
  try {
    const event: unknown = JSON.parse(await readFile(path ?? '', 'utf8'));
    return ['pull_request', 'head', 'repo', 'full_name'].reduce(member, event);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return value === null ? null : undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
