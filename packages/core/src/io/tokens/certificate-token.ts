import { parseClaims } from '../../domain/auth/oidc/token/compact.ts';
import { AuthenticationError, ConfigurationError } from '../../domain/diagnosis.ts';
import { isJsonList, type JsonObject, type JsonValue } from '../../domain/json/value.ts';
import { CERTIFICATE_AUDIENCE } from '../../domain/keyless/certificate-request.ts';
import { printableName } from '../../domain/text/printable.ts';
import { locateGitHub } from './github.ts';
import type { TokenOptions } from './token-source.ts';
import { locatedInVariable } from './value.ts';

/** The variable under which a GitLab job declares the token for a certificate; cosign reads the same. */
export const CERTIFICATE_TOKEN_VARIABLE = 'SIGSTORE_ID_TOKEN';

/** A token for a certificate authority, which judges it; here nothing of it is proven. */
export interface CertificateToken {
  /** A secret. */
  readonly token: string;
  readonly issuer: string;
  readonly subject: string;
  /** Public claims by the platform's own names; lists and objects are left out, numbers are decimal. */
  readonly claims: Readonly<Record<string, string>>;
}

export type CertificateTokenOptions = Omit<TokenOptions, 'audience' | 'serviceConnectionId'>;

/**
 * Gets the job's token for a certificate: GitHub's token service is asked for one with the audience `sigstore`; a GitLab job declares it.
 *
 * @throws ConfigurationError CAVRA-E262 this platform gives none of that audience
 * @throws AuthenticationError CAVRA-E350 the job has none; CAVRA-E312, CAVRA-E313 the token service; CAVRA-E315 it is no token
 */
export async function acquireCertificateToken(options: CertificateTokenOptions): Promise<CertificateToken> {
  const token = await tokenOf(options);
  const claims = parseClaims(token);
  const audience = claims.get('aud');
  if (audience !== CERTIFICATE_AUDIENCE) {
    const found = printableName(describeAudience(audience));
    throw new AuthenticationError(
      'CAVRA-E350',
      `the token is for the audience ${found}, expected ${CERTIFICATE_AUDIENCE}`,
    );
  }
  return { token, issuer: textOf(claims, 'iss'), subject: textOf(claims, 'sub'), claims: publicClaims(claims) };
}

async function tokenOf(options: CertificateTokenOptions): Promise<string> {
  switch (options.provider) {
    case 'github-actions': {
      const located = await locateGitHub(options.environment);
      if (located.source === 'none') throw new AuthenticationError('CAVRA-E350', located.reason.message);
      return (await located.acquire({ ...options, audience: CERTIFICATE_AUDIENCE })).token;
    }
    case 'gitlab-ci': {
      const located = locatedInVariable(options.environment, CERTIFICATE_TOKEN_VARIABLE, 'gitlab-variable');
      if (located === undefined) throw new AuthenticationError('CAVRA-E350', NOT_DECLARED);
      return (await located.acquire({ ...options, audience: CERTIFICATE_AUDIENCE })).token;
    }
    case 'azure-pipelines':
      throw new ConfigurationError('CAVRA-E262', AZURE);
    case 'local':
      throw new ConfigurationError('CAVRA-E262', 'this is no CI job, so no platform vouches for it');
  }
}

const NOT_DECLARED = `this job has no ${CERTIFICATE_TOKEN_VARIABLE}: its id_tokens do not declare it, or the GitLab instance has no key to sign it with`;
const AZURE =
  'Azure’s tokens have an audience of their own (api://AzureADTokenExchange), which no certificate authority accepts';

function describeAudience(audience: JsonValue | undefined): string {
  if (typeof audience === 'string') return audience;
  return audience !== undefined && audience !== null && typeof audience === 'object' && isJsonList(audience)
    ? audience.filter((each) => typeof each === 'string').join(', ')
    : 'that is no text';
}

function textOf(claims: JsonObject, name: string): string {
  const value = claims.get(name);
  if (typeof value === 'string' && value !== '') return value;
  throw new AuthenticationError('CAVRA-E315', `the token for a certificate has no ${name}`);
}

function publicClaims(claims: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...claims.entries()].flatMap(([name, value]) => {
      if (typeof value === 'string') return [[name, value] as const];
      return typeof value === 'bigint' ? [[name, String(value)] as const] : [];
    }),
  );
}
