import type { JsonObject } from '../../../json/value.ts';
import { requiredString, stringClaim } from '../token/claims.ts';
import type { IssuerTrust } from '../token/trust.ts';
import type { BindIdentity } from './binding.ts';
import { bindFields, checkFacts, contradiction, type FieldClaims } from './fields.ts';

/** The token names the pipeline by id and not by name, and neither the person, the attempt, the job nor the agent. */
const FIELDS: FieldClaims = [
  ['run_id', 'run_id'],
  ['ref', 'rpo_ref'],
  ['sha', 'rpo_ver'],
];

/** Binds by the claims of an Azure pipeline token. A service connection's token names no run and no repository. */
export const bindAzure: BindIdentity = (identity, claims, facts, trust) => {
  refuseOtherTokens(claims);
  checkOrganisation(claims, trust);
  checkFacts(
    claims,
    [
      [facts.repositoryId, 'rpo_id'],
      [facts.repositoryUri, 'rpo_uri'],
    ],
    'the repository',
  );
  checkRepository(identity.repository ?? '', claims);
  return bindFields(identity, claims, FIELDS, ['provider', 'repository']);
};

const PIPELINE_SUBJECT = 'p://';

function refuseOtherTokens(claims: JsonObject): void {
  if (!requiredString(claims, 'sub').startsWith(PIPELINE_SUBJECT)) {
    throw contradiction(
      'the token does not prove the repository: it speaks for a service connection, expected the token of a pipeline (sub p://…)',
    );
  }
}

/** All organisations share their keys, so the claim is pinned beside the issuer. */
function checkOrganisation(claims: JsonObject, trust: IssuerTrust): void {
  const organisation = stringClaim(claims, 'org_id');
  if (trust.organisationId !== undefined && organisation !== trust.organisationId) {
    throw contradiction('org_id of the token is not the pinned organisation');
  }
}

/**
 * The identity has the repository's name, the token its address. That the environment's id or address agrees with the token proves
 * nothing about the name, so the name must be the one in the signed address.
 */
function checkRepository(repository: string, claims: JsonObject): void {
  const names = provenNames(stringClaim(claims, 'rpo_id'), stringClaim(claims, 'rpo_uri'));
  if (names.length === 0) {
    throw contradiction('the token does not prove the repository: neither rpo_uri nor rpo_id names one');
  }
  if (!names.includes(repository)) {
    throw contradiction('repository of the identity is not the one in rpo_uri or rpo_id of the token');
  }
}

/** `owner/name`; the id of a repository in Azure Repos is a GUID and names nothing. */
const OWNER_AND_NAME = /^[^/\s]+\/[^/\s]+$/u;

function provenNames(id: string | undefined, uri: string | undefined): string[] {
  const fromUri = uri === undefined ? undefined : nameInUri(uri);
  const fromId = id !== undefined && OWNER_AND_NAME.test(id) ? id : undefined;
  return [fromUri, fromId].filter((name) => name !== undefined);
}

/** `https://dev.azure.com/org/project/_git/name` has one name; `https://github.com/owner/name` has two. */
function nameInUri(uri: string): string | undefined {
  const segments = pathOf(uri);
  if (segments === undefined) {
    return undefined;
  }
  const [before, last] = segments.slice(-2);
  if (before === undefined || last === undefined || last === '') {
    return undefined;
  }
  return before === '_git' ? last : `${before}/${last.replace(/\.git$/u, '')}`;
}

function pathOf(uri: string): string[] | undefined {
  try {
    return new URL(uri).pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
