import { ConfigurationError } from '../../../diagnosis.ts';
import type { Environment } from '../../../identity/sources.ts';
import type { ConfiguredTrust } from '../token/trust.ts';
import type { DefaultIssuer } from './issuer-defaults.ts';

const GUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const PUBLIC_ISSUER = 'https://vstoken.dev.azure.com/';
const ORGANISATION_AT_END = new RegExp(`/(${GUID})$`, 'u');
const ENTRA_ISSUER = new RegExp(`^https://login\\.microsoftonline\\.com/${GUID}/v2\\.0$`, 'u');
const ORGANISATION_ID = new RegExp(`^${GUID}$`, 'u');
/** One set of keys signs for every organisation. */
const SHARED_KEYS = 'https://vstoken.dev.azure.com/.well-known/jwks';

/**
 * The issuer of an Azure DevOps organisation. Nothing in a job's environment may choose the organisation, so its issuer is always
 * configured; for the public service the keys are then known.
 */
export function azureIssuer(env: Environment, configured: ConfiguredTrust): DefaultIssuer {
  const issuer = configured.issuer;
  if (!issuer) {
    throw new ConfigurationError(
      'CAVRA-E211',
      `an Azure DevOps organisation must be pinned: set issuer to ${suggestion(env)}`,
    );
  }
  if (ENTRA_ISSUER.test(issuer)) {
    // Entra's tokens have no jti.
    return { issuer, requiredClaims: [] };
  }
  const organisationId = ORGANISATION_AT_END.exec(issuer)?.[1];
  if (organisationId === undefined) {
    return { issuer };
  }
  const isPublic = issuer === `${PUBLIC_ISSUER}${organisationId}`;
  return { issuer, organisationId, ...(isPublic ? { jwksUrl: SHARED_KEYS } : {}) };
}

function suggestion(env: Environment): string {
  const id = env['SYSTEM_COLLECTIONID'] ?? '';
  return ORGANISATION_ID.test(id)
    ? `${PUBLIC_ISSUER}${id} if that is the id of your organisation`
    : `${PUBLIC_ISSUER}<organisation id> (the predefined variable System.CollectionId shows the id)`;
}
