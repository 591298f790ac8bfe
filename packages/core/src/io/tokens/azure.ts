import { AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { bearer } from './bearer.ts';
import { askTokenService, type TokenService } from './service.ts';
import type { LocatedToken, NoToken, TokenOptions } from './token-source.ts';
import { given, locatedInVariable } from './value.ts';

const REQUEST_URI = 'SYSTEM_OIDCREQUESTURI';
const OWN_CREDENTIAL = 'CAVRA_AZURE_OIDC_REQUEST_TOKEN';
const JOB_CREDENTIAL = 'SYSTEM_ACCESSTOKEN';
const COLLECTION_URIS = ['SYSTEM_COLLECTIONURI', 'SYSTEM_TEAMFOUNDATIONCOLLECTIONURI'];
const API_VERSION = '7.1';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Azure Pipelines: a token in a variable, or one asked of the collection with the job's access token. */
export async function locateAzure(environment: Environment): Promise<LocatedToken | NoToken> {
  const ready = locatedInVariable(environment, 'CAVRA_AZURE_OIDC_TOKEN', 'azure-variable');
  if (ready !== undefined) return ready;

  const uri = given(environment, REQUEST_URI);
  if (uri === undefined) return none(`${REQUEST_URI} is not set: this agent or server offers no OIDC tokens`);
  const variable = [OWN_CREDENTIAL, JOB_CREDENTIAL].find((name) => given(environment, name) !== undefined);
  const credential = variable === undefined ? undefined : given(environment, variable);
  if (variable === undefined || credential === undefined) return none(unmapped(environment));

  const source = 'azure-token-service';
  return {
    source,
    acquire: async (options) => {
      requireCollectionOrigin(uri, environment);
      const service = azureService(uri, bearer(credential, variable), options);
      return { token: await askTokenService(service, options), source, warnings: [] };
    },
  };
}

function none(message: string): NoToken {
  return { source: 'none', reason: new AuthenticationError('CAVRA-E311', message) };
}

function unmapped(environment: Environment): string {
  const fork = given(environment, 'SYSTEM_PULLREQUEST_ISFORK')?.toLowerCase() === 'true';
  const builds = fork ? ', which builds of forks may be denied' : '';
  return `the step has no access token to ask for an OIDC token with${builds}: use the task, or map it with env: ${JOB_CREDENTIAL}: $(System.AccessToken)`;
}

/**
 * The access token can do what the pipeline can do. A variable that somebody set in the pipeline must not carry it elsewhere, so it goes
 * to the collection's own origin only.
 */
function requireCollectionOrigin(uri: string, environment: Environment): void {
  const collections = COLLECTION_URIS.flatMap((name) => given(environment, name) ?? []);
  if (collections.length === 0) {
    throw new ConfigurationError(
      'CAVRA-E201',
      `${COLLECTION_URIS.join(' or ')} must be set, to tell where the access token may be sent`,
    );
  }
  const origin = originOf(uri);
  if (origin === undefined || !collections.every((collection) => originOf(collection) === origin)) {
    throw new ConfigurationError(
      'CAVRA-E201',
      `${REQUEST_URI} does not have the https origin of the collection, the only one that is sent the access token`,
    );
  }
}

function originOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' ? url.origin : undefined;
}

function azureService(
  uri: string,
  authorization: Readonly<Record<string, string>>,
  { serviceConnectionId }: TokenOptions,
): TokenService {
  if (serviceConnectionId !== undefined && !GUID.test(serviceConnectionId)) {
    throw new ConfigurationError('CAVRA-E201', 'the id of the service connection must be a GUID');
  }
  const connection = serviceConnectionId === undefined ? '' : `&serviceConnectionId=${serviceConnectionId}`;
  return {
    name: 'Azure’s token service',
    urlVariable: REQUEST_URI,
    request: {
      method: 'POST',
      url: `${uri}${uri.includes('?') ? '&' : '?'}api-version=${API_VERSION}${connection}`,
      headers: {
        ...authorization,
        'content-type': 'application/json',
        // Without it a credential that is not valid is answered with a redirect to a sign-in page.
        'x-tfs-fedauthredirect': 'Suppress',
      },
      diagnosticHeaders: ['x-vss-e2eid', 'x-msedge-ref'],
    },
    member: 'oidcToken',
    explain: (status) => (status >= 300 && status < 400 ? NOT_VALID : EXPLANATIONS.get(status)),
  };
}

const NOT_VALID = 'the access token is not valid for this job, or the job has ended';

const EXPLANATIONS: ReadonlyMap<number, string> = new Map([
  [203, NOT_VALID],
  [400, 'it does not take the request or the service connection'],
  [401, NOT_VALID],
  [403, 'the access token may not ask for a token of this job or service connection'],
  [404, 'it knows no such job or service connection'],
  [405, 'it does not take POST, so this is not the address of an OIDC token service'],
]);
