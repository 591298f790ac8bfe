import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Provider } from '../../../src/domain/wire/messages.ts';
import { acquireToken, locateToken } from '../../../src/io/tokens/index.ts';
import { NOBODY, refusalOf, tokenOptions } from './harness.ts';

const PROVIDERS: readonly Provider[] = ['github-actions', 'gitlab-ci', 'azure-pipelines', 'local'];
/** What each platform would offer by itself. */
const OFFERED = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://localhost:1/token',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-bearer',
  CAVRA_GITLAB_OIDC_TOKEN: 'gitlab.token.value',
  GITLAB_OIDC_TOKEN: 'gitlab.token.value',
  CI_JOB_JWT_V2: 'gitlab.token.value',
  CAVRA_AZURE_OIDC_TOKEN: 'azure.token.value',
};

describe.each(PROVIDERS)('on %s', (provider) => {
  const acquire = (environment: Record<string, string>) =>
    acquireToken(tokenOptions(provider, { ...OFFERED, ...environment }, NOBODY));

  it('a token in CAVRA_RUNNER_AUTH_OIDC_TOKEN stands before all others', async () => {
    const environment = {
      CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'a.b.c',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: '/nowhere',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'MINE',
    };
    expect(await acquire(environment)).toEqual({
      token: 'a.b.c',
      source: 'configured-variable',
      variable: 'CAVRA_RUNNER_AUTH_OIDC_TOKEN',
      warnings: [],
    });
  });

  it('a variable named by CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV stands before what the platform offers', async () => {
    const environment = { CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'MINE', MINE: 'd.e.f' };
    expect(await acquire(environment)).toMatchObject({
      token: 'd.e.f',
      source: 'configured-variable',
      variable: 'MINE',
    });
  });

  it('a variable that is named but not set is not replaced by another', async () => {
    const environment = { ...OFFERED, CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'MINE' };
    const refusal = await refusalOf(tokenOptions(provider, environment, NOBODY), 'CAVRA-E311');
    expect(refusal.message).toContain('MINE, which is not set');
  });

  it('a token put where the name of a variable belongs is not shown', async () => {
    const environment = { CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: 'eyJhbGciOi.J9.sig' };
    const refusal = await refusalOf(tokenOptions(provider, environment, NOBODY), 'CAVRA-E201');
    expect(refusal.message).not.toContain('eyJ');
  });

  it('CAVRA_RUNNER_OIDC_AUTO=false leaves the platform alone', async () => {
    const environment = { ...OFFERED, CAVRA_RUNNER_OIDC_AUTO: 'false' };
    await refusalOf(tokenOptions(provider, environment, NOBODY), 'CAVRA-E301');
    expect(await acquire({ CAVRA_RUNNER_OIDC_AUTO: 'false', CAVRA_RUNNER_AUTH_OIDC_TOKEN: 'a.b.c' })).toMatchObject({
      token: 'a.b.c',
    });
  });

  it('CAVRA_RUNNER_OIDC_AUTO is true or false and nothing else', async () => {
    const environment = { ...OFFERED, CAVRA_RUNNER_OIDC_AUTO: 'no' };
    await refusalOf(tokenOptions(provider, environment, NOBODY), 'CAVRA-E201');
  });
});

describe('a value that cannot be a token', () => {
  it.each([
    ['a blank before it', ' a.b.c'],
    ['a line end after it', 'a.b.c\n'],
    ['a line end within it', 'a.b\n.c'],
    ['other characters', 'a.b.ç'],
    ['more than 16 KiB', 'a'.repeat(16 * 1024 + 1)],
  ])('%s', async (_name, value) => {
    const environment = { CAVRA_RUNNER_AUTH_OIDC_TOKEN: value };
    await refusalOf(tokenOptions('local', environment, NOBODY), 'CAVRA-E315');
  });

  it('16 KiB are allowed', async () => {
    const token = 'a'.repeat(16 * 1024);
    const environment = { CAVRA_RUNNER_AUTH_OIDC_TOKEN: token };
    expect((await acquireToken(tokenOptions('local', environment, NOBODY))).token).toBe(token);
  });
});

describe('without a platform', () => {
  it('there is nobody to ask', async () => {
    await refusalOf(tokenOptions('local', OFFERED, NOBODY), 'CAVRA-E301');
  });

  it('an empty variable and a macro that was left in place count as unset', async () => {
    const environment = {
      CAVRA_RUNNER_AUTH_OIDC_TOKEN: '',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: '',
      CAVRA_RUNNER_AUTH_OIDC_TOKEN_ENV: '$(TokenVariable)',
    };
    expect((await locateToken('local', environment)).source).toBe('none');
  });
});

describe('a token file', () => {
  let folder: string;
  const file = () => join(folder, 'token');
  const options = () => tokenOptions('github-actions', { CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: file() }, NOBODY);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-token-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(['a.b.c', 'a.b.c\n', 'a.b.c\r\n'])(
    'holds the token, with or without a final line end (%j)',
    async (content) => {
      writeFileSync(file(), content);
      expect(await acquireToken(options())).toMatchObject({ token: 'a.b.c', source: 'configured-file' });
    },
  );

  it.each([
    ['blanks', 'a.b.c \n'],
    ['two lines', 'a.b.c\n\n'],
    ['nothing', ''],
    ['other bytes', 'a.b.\u00e7'],
    ['a byte order mark', '\ufeffa.b.c'],
    ['10 MB', 'a'.repeat(10_000_000)],
    ['one byte too many', 'a'.repeat(16 * 1024 + 1)],
  ])('with %s is no token', async (_name, content) => {
    writeFileSync(file(), content);
    await refusalOf(options(), 'CAVRA-E315');
  });

  it('may be as large as a token and its line end', async () => {
    writeFileSync(file(), `${'a'.repeat(16 * 1024)}\r\n`);
    expect((await acquireToken(options())).token).toHaveLength(16 * 1024);
  });

  it('that is a link is refused', async () => {
    writeFileSync(join(folder, 'target'), 'a.b.c');
    symlinkSync('target', file());
    expect((await refusalOf(options(), 'CAVRA-E216')).message).toContain('is a link');
  });

  it('that is missing or a folder is refused', async () => {
    expect((await refusalOf(options(), 'CAVRA-E216')).message).toContain('does not exist');
    const environment = { CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: folder };
    await refusalOf(tokenOptions('local', environment, NOBODY), 'CAVRA-E216');
  });
});
