import { describe, expect, it } from '@jest/globals';
import type { ConfiguredTrust } from '../../../../src/domain/auth/oidc/token/trust.ts';
import { resolveOidcTrust } from '../../../../src/domain/auth/oidc/trust-defaults.ts';
import { ConfigurationError } from '../../../../src/domain/diagnosis.ts';
import type { Environment } from '../../../../src/domain/identity/sources.ts';
import type { Provider } from '../../../../src/domain/wire/messages.ts';
import { refusalOf } from '../../../support/refusal.ts';

const ORGANISATION = '11111111-2222-3333-4444-555555555555';
const AZURE_ISSUER = `https://vstoken.dev.azure.com/${ORGANISATION}`;
const ENTRA_ISSUER = `https://login.microsoftonline.com/${ORGANISATION}/v2.0`;

function resolve(provider: Provider, env: Environment = {}, configured: ConfiguredTrust = {}) {
  return resolveOidcTrust({ provider, env, configured });
}

describe('the platform’s own trust', () => {
  it.each<[Environment, string]>([
    [{}, 'https://token.actions.githubusercontent.com'],
    [{ GITHUB_SERVER_URL: 'https://github.com' }, 'https://token.actions.githubusercontent.com'],
    [{ GITHUB_SERVER_URL: 'https://octocorp.ghe.com' }, 'https://token.actions.octocorp.ghe.com'],
    [{ GITHUB_SERVER_URL: 'https://ghes.corp.example' }, 'https://ghes.corp.example/_services/token'],
    [{ GITHUB_SERVER_URL: 'https://ghes.corp.example:8443/' }, 'https://ghes.corp.example:8443/_services/token'],
    [{ GITHUB_SERVER_URL: 'https://github.com.evil.example' }, 'https://github.com.evil.example/_services/token'],
    [{ GITHUB_SERVER_URL: 'https://evilghe.com' }, 'https://evilghe.com/_services/token'],
  ])('of GitHub with %j is %s', (env, issuer) => {
    expect(resolve('github-actions', env)).toEqual({
      provider: 'github-actions',
      issuer,
      audience: 'cavra-release-governance',
      jwks: { url: `${issuer}/.well-known/jwks` },
      algorithms: ['RS256'],
      maxTokenAgeSeconds: 900,
      requiredClaims: ['jti', 'nbf'],
    });
  });

  it.each([
    'http://ghes.corp.example',
    'https://user@ghes.corp.example',
    'https://ghes.corp.example/path',
    'https://ghes.corp.example?x',
    'https://ghes.corp.example#x',
    'https://GHES.corp.example',
    ' https://github.com',
    'https://a.b.ghe.com',
    'https://ghe.com',
    'https://api.github.com',
    'https://-.ghe.com',
    'ghes.corp.example',
    'file:///etc/passwd',
  ])('of GitHub is not known on the server %j', (server) => {
    const error = refusalOf(() => resolve('github-actions', { GITHUB_SERVER_URL: server }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E211', message: expect.stringContaining('GITHUB_SERVER_URL') });
  });

  it.each<Environment>([{}, { CI_SERVER_URL: 'https://gitlab.com' }])('of GitLab with %j is gitlab.com', (env) => {
    expect(resolve('gitlab-ci', env)).toEqual({
      provider: 'gitlab-ci',
      issuer: 'https://gitlab.com',
      audience: 'cavra-release-governance',
      jwks: { url: 'https://gitlab.com/oauth/discovery/keys' },
      algorithms: ['RS256'],
      maxTokenAgeSeconds: 3_600,
      requiredClaims: ['jti', 'nbf'],
    });
  });

  it('of Azure is the organisation that the issuer pins, with the keys of the service', () => {
    expect(resolve('azure-pipelines', {}, { issuer: AZURE_ISSUER })).toEqual({
      provider: 'azure-pipelines',
      issuer: AZURE_ISSUER,
      audience: 'api://AzureADTokenExchange',
      organisationId: ORGANISATION,
      jwks: { url: 'https://vstoken.dev.azure.com/.well-known/jwks' },
      algorithms: ['RS256'],
      maxTokenAgeSeconds: 900,
      requiredClaims: ['jti'],
    });
  });
});

describe('configured trust', () => {
  const jwksUrl = 'https://ci.example/keys';

  it('stands before the platform’s own', () => {
    const issuer = 'https://token.actions.githubusercontent.com/enterprise';
    const configured = { issuer, audience: 'gate', jwksFile: 'keys.json', maxTokenAgeSeconds: 60 };
    expect(resolve('github-actions', { GITHUB_SERVER_URL: 'https://github.com' }, configured)).toEqual({
      provider: 'github-actions',
      issuer,
      audience: 'gate',
      jwks: { file: 'keys.json' },
      algorithms: ['RS256'],
      maxTokenAgeSeconds: 60,
      requiredClaims: ['jti', 'nbf'],
    });
  });

  it('may be the audience alone', () => {
    expect(resolve('github-actions', {}, { audience: 'gate' })).toMatchObject({
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'gate',
    });
  });

  it('keeps a trailing slash, which makes another issuer', () => {
    expect(resolve('github-actions', {}, { issuer: 'https://ci.example/', jwksUrl }).issuer).toBe(
      'https://ci.example/',
    );
  });

  it('asks Entra’s tokens for no jti, and pins the organisation of any other issuer that names one', () => {
    const entra = resolve('azure-pipelines', {}, { issuer: ENTRA_ISSUER, jwksUrl });
    expect(entra).toMatchObject({ issuer: ENTRA_ISSUER, requiredClaims: [], jwks: { url: jwksUrl } });
    expect(entra.organisationId).toBeUndefined();
    const own = resolve('azure-pipelines', {}, { issuer: `https://ado.corp.example/${ORGANISATION}`, jwksUrl });
    expect(own).toMatchObject({ organisationId: ORGANISATION, jwks: { url: jwksUrl } });
  });

  const SELF_MANAGED = {
    issuer: 'https://gitlab.corp.example',
    jwksUrl: 'https://gitlab.corp.example/oauth/discovery/keys',
  };

  it.each<[Environment, ConfiguredTrust]>([
    [{ CI_SERVER_URL: 'https://gitlab.corp.example' }, SELF_MANAGED],
    [{}, SELF_MANAGED],
    // An administrator may set another issuer than the instance's address.
    [{ CI_SERVER_URL: 'https://gitlab.corp.example' }, { ...SELF_MANAGED, issuer: 'https://tokens.corp.example' }],
    [
      { CI_SERVER_URL: 'https://gitlab.corp.example' },
      { issuer: 'https://gitlab.corp.example', jwksFile: 'keys.json' },
    ],
  ])('pins a self-managed GitLab: %j %j', (env, configured) => {
    expect(resolve('gitlab-ci', env, configured).issuer).toBe(configured.issuer);
  });

  it.each<[string, Provider, Environment, ConfiguredTrust, RegExp]>([
    [
      'GitLab is not pinned',
      'gitlab-ci',
      { CI_SERVER_URL: 'https://gitlab.corp.example' },
      {},
      /set issuer to its address \(https:\/\/gitlab\.corp\.example if that is right\) and jwks-url/,
    ],
    [
      'GitLab looks like gitlab.com',
      'gitlab-ci',
      { CI_SERVER_URL: 'https://gitlab.com.evil.example' },
      {},
      /must be pinned/,
    ],
    ['GitLab has a trailing slash', 'gitlab-ci', { CI_SERVER_URL: 'https://gitlab.com/' }, {}, /must be pinned/],
    [
      'CI_SERVER_URL is overridden',
      'gitlab-ci',
      { CI_SERVER_URL: 'https://evil.example' },
      SELF_MANAGED,
      /not the pinned issuer/,
    ],
    [
      'CI_SERVER_URL is overridden, keys in a file',
      'gitlab-ci',
      { CI_SERVER_URL: 'https://evil.example' },
      { issuer: 'https://gitlab.corp.example', jwksFile: 'k' },
      /not the pinned issuer/,
    ],
    ['CI_SERVER_URL is no address', 'gitlab-ci', { CI_SERVER_URL: 'x' }, SELF_MANAGED, /not the pinned issuer/],
    [
      'the organisation is not pinned',
      'azure-pipelines',
      { SYSTEM_COLLECTIONID: ORGANISATION },
      {},
      new RegExp(`set issuer to ${AZURE_ISSUER} if`),
    ],
    ['the organisation is not known', 'azure-pipelines', { SYSTEM_COLLECTIONID: 'x\ny' }, {}, /System\.CollectionId/],
    [
      'only an audience is set on Azure',
      'azure-pipelines',
      {},
      { audience: 'api://AzureADTokenExchange' },
      /must be pinned/,
    ],
    ['Entra has no keys', 'azure-pipelines', {}, { issuer: ENTRA_ISSUER }, /without its keys/],
    [
      'issuer and audience have no keys',
      'github-actions',
      {},
      { issuer: 'https://ci.example', audience: 'gate' },
      /without its keys/,
    ],
    ['the issuer has no keys', 'gitlab-ci', {}, { issuer: 'https://gitlab.com' }, /without its keys/],
    ['a key address has no issuer', 'github-actions', {}, { jwksUrl }, /without the issuer/],
    ['a key file has no issuer', 'gitlab-ci', {}, { jwksFile: 'k', audience: 'a' }, /without the issuer/],
    [
      'there are two places of keys',
      'github-actions',
      {},
      { issuer: 'https://ci.example', jwksUrl, jwksFile: 'k' },
      /one of them/,
    ],
    ['the issuer is not https', 'github-actions', {}, { issuer: 'http://ci.example', jwksUrl }, /https/],
    ['the issuer is no address', 'github-actions', {}, { issuer: 'ci.example', jwksUrl }, /https/],
    ['the issuer has credentials', 'github-actions', {}, { issuer: 'https://a:b@ci.example', jwksUrl }, /credentials/],
    [
      'the keys are not https',
      'github-actions',
      {},
      { issuer: 'https://ci.example', jwksUrl: 'http://ci.example' },
      /https/,
    ],
    [
      'the keys are a local file',
      'github-actions',
      {},
      { issuer: 'https://ci.example', jwksUrl: 'file:///x' },
      /https/,
    ],
    ['there is a line end', 'github-actions', {}, { issuer: 'https://ci.example\n', jwksUrl }, /https/],
    ['the age is nothing', 'github-actions', {}, { maxTokenAgeSeconds: 0 }, /max-token-age/],
    ['the age is a fraction', 'github-actions', {}, { maxTokenAgeSeconds: 0.5 }, /max-token-age/],
    ['the run is local', 'local', {}, { issuer: 'https://ci.example', jwksUrl }, /no platform/],
  ])('is refused when %s', (_, provider, env, configured, message) => {
    const error = refusalOf(() => resolve(provider, env, configured));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: 'CAVRA-E211', message: expect.stringMatching(message) });
    expect(String(error)).not.toMatch(/a:b|[\r\n]/);
  });
});
