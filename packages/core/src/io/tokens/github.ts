import { AuthenticationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { bearer } from './bearer.ts';
import { whyGitHubGivesNone } from './github-permission.ts';
import { askTokenService, type TokenService } from './service.ts';
import type { LocatedToken, NoToken, TokenOptions } from './token-source.ts';
import { given } from './value.ts';

const REQUEST_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL';
const REQUEST_TOKEN = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN';

/** GitHub Actions: the runner gives a URL and a bearer to those jobs that may ask for a token. */
export async function locateGitHub(environment: Environment): Promise<LocatedToken | NoToken> {
  const url = given(environment, REQUEST_URL);
  const credential = given(environment, REQUEST_TOKEN);
  if (url === undefined && credential === undefined) {
    const cause = await whyGitHubGivesNone(environment);
    return { source: 'none', reason: new AuthenticationError('CAVRA-E310', cause) };
  }
  if (url === undefined || credential === undefined) {
    const [missing, present] = url === undefined ? [REQUEST_URL, REQUEST_TOKEN] : [REQUEST_TOKEN, REQUEST_URL];
    const message = `${missing} is not set although ${present} is: something in this job changed its environment`;
    return { source: 'none', reason: new AuthenticationError('CAVRA-E310', message) };
  }
  const source = 'github-token-service';
  return {
    source,
    acquire: async (options) => ({
      token: await askTokenService(githubService(url, credential, options), options),
      source,
      warnings: [],
    }),
  };
}

/** The URL is used as the runner gave it; it has a query of its own, which the audience is added to. */
function githubService(url: string, credential: string, { audience }: TokenOptions): TokenService {
  const separator = url.includes('?') ? '&' : '?';
  return {
    name: 'GitHub’s token service',
    urlVariable: REQUEST_URL,
    request: {
      method: 'GET',
      url: `${url}${separator}audience=${encodeURIComponent(audience)}`,
      headers: bearer(credential, REQUEST_TOKEN),
      diagnosticHeaders: ['x-github-request-id'],
    },
    member: 'value',
    explain: (status) => EXPLANATIONS.get(status),
  };
}

const EXPLANATIONS: ReadonlyMap<number, string> = new Map([
  [400, 'it does not take the request, most likely because of the audience'],
  [401, 'the job’s credential is not valid or the job has ended'],
  [403, 'the job lacks `permissions: id-token: write`, or the organization forbids it'],
  [404, 'it knows no such job'],
]);
