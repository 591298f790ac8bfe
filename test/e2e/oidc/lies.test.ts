import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../fakes/authority.ts';
import { startServer } from '../../fakes/server.ts';
import { createSigningKeys, type SigningKeys } from '../../fakes/signing-keys.ts';
import { AUDIENCE, azureTrust, gitlabTrust, type Platforms, runGate, startPlatforms } from './harness.ts';

let platforms: Platforms;
let stranger: SigningKeys;

beforeAll(async () => {
  platforms = await startPlatforms();
  stranger = await createSigningKeys();
});
afterEach(() => platforms.heal());
afterAll(() => platforms.close());

type Claims = Readonly<Record<string, unknown>>;

const HOUR = 3_600;
const seconds = () => Math.floor(Date.now() / 1000);
const segment = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const honest = (): Claims => platforms.github.startJob().claims(AUDIENCE);
const signed = (changes: Claims, header: Claims = {}) => platforms.github.mint({ ...honest(), ...changes }, header);
const header = (changes: Claims = {}) => ({ typ: 'JWT', alg: 'RS256', kid: platforms.github.keys.kid, ...changes });

/** Hands the gate a token on a job of the GitHub Enterprise Server, as a file, which holds one of any size. */
function present(token: string) {
  return runGate(platforms, {
    environment: { ...platforms.github.startJob().environment, CAVRA_RUNNER_AUTH_OIDC_TOKEN_FILE: 'token.jwt' },
    files: { 'token.jwt': token },
  });
}

it('the truth passes', async () => {
  expect(await present(signed({}))).toMatchObject({ status: 0, report: { verdict: 'pass' } });
});

describe('a lie is refused:', () => {
  it.each<[string, string, () => string]>([
    ['alg none without a signature', 'CAVRA-E315', () => `${segment(header({ alg: 'none' }))}.${segment(honest())}.`],
    [
      'alg none with a signature',
      'CAVRA-E316',
      () => `${segment(header({ alg: 'none' }))}.${signed({}).split('.').slice(1).join('.')}`,
    ],
    [
      'HMAC with the public key',
      'CAVRA-E316',
      () => {
        const text = `${segment(header({ alg: 'HS256' }))}.${segment(honest())}`;
        const mac = createHmac('sha256', platforms.github.keys.publicKeyPem).update(text).digest('base64url');
        return `${text}.${mac}`;
      },
    ],
    ['a foreign key', 'CAVRA-E316', () => stranger.token(honest(), { kid: platforms.github.keys.kid })],
    ['a key id that nobody has', 'CAVRA-E316', () => signed({}, { kid: 'nobody' })],
    ['the key id of a foreign key', 'CAVRA-E316', () => stranger.token(honest())],
    ['no key id', 'CAVRA-E315', () => signed({}, { kid: undefined })],
    [
      'a changed claim',
      'CAVRA-E316',
      () => {
        const [head, , signature] = signed({}).split('.');
        return `${head}.${segment({ ...honest(), sha: 'f'.repeat(40) })}.${signature}`;
      },
    ],
    ['a foreign issuer', 'CAVRA-E317', () => signed({ iss: 'https://github.com.evil.example' })],
    ['the issuer with a slash', 'CAVRA-E317', () => signed({ iss: `${platforms.github.issuer}/` })],
    ['the issuer in capitals', 'CAVRA-E317', () => signed({ iss: platforms.github.issuer.toUpperCase() })],
    ['another audience', 'CAVRA-E317', () => signed({ aud: 'somebody-else' })],
    ['our audience among others', 'CAVRA-E317', () => signed({ aud: [AUDIENCE, 'somebody-else'] })],
    ['expired', 'CAVRA-E318', () => signed({ iat: seconds() - 600, nbf: seconds() - 600, exp: seconds() - 300 })],
    [
      'from the future',
      'CAVRA-E318',
      () => signed({ iat: seconds() + HOUR, nbf: seconds() + HOUR, exp: seconds() + 2 * HOUR }),
    ],
    [
      'far too old, but not expired',
      'CAVRA-E318',
      () => signed({ iat: seconds() - 48 * HOUR, nbf: seconds() - 48 * HOUR, exp: seconds() + HOUR }),
    ],
    ['without exp', 'CAVRA-E315', () => signed({ exp: undefined })],
    ['exp as a text', 'CAVRA-E315', () => signed({ exp: String(seconds() + 300) })],
    [
      'a claim twice',
      'CAVRA-E315',
      () => {
        const claims = JSON.stringify(honest()).replace('{', '{"repository":"example-org/example-repo",');
        const [head, , signature] = signed({}).split('.');
        return `${head}.${segment(claims)}.${signature}`;
      },
    ],
    ['an unknown critical header', 'CAVRA-E315', () => signed({}, { crit: ['x'], x: 1 })],
    ['10 MB', 'CAVRA-E315', () => signed({ padding: 'x'.repeat(10_000_000) })],
    ['claims nested 200,000 deep', 'CAVRA-E315', () => `${segment(header())}.${segment('['.repeat(200_000))}.AAAA`],
    [
      'claims nested deep within the size',
      'CAVRA-E315',
      () => `${segment(header())}.${segment(`{"a":${'['.repeat(8_000)}`)}.AAAA`,
    ],
    ['a blank behind it', 'CAVRA-E315', () => `${signed({})} `],
    ['another repository', 'CAVRA-E319', () => signed({ repository: 'example-org/other-repo' })],
    ['another commit', 'CAVRA-E319', () => signed({ sha: 'f'.repeat(40) })],
    ['another run', 'CAVRA-E319', () => signed({ run_id: '1' })],
  ])('%s', async (_name, code, token) => {
    const { status, report } = await present(token());
    expect(report).toMatchObject({ verdict: 'fail', exit_code: 3, diagnosis: { code } });
    expect(status).toBe(3);
  });

  it.each(['jku', 'x5u', 'jwk'])(
    'a key that the token brings along by %s, and nobody is asked for it',
    async (name) => {
      const trap = await startServer({ authority: platforms.authority }, () => ({ status: 404 }));
      const url = `${trap.origin}/keys`;
      const value = name === 'jwk' ? stranger.jwks().keys[0] : url;
      try {
        const { status, report } = await present(stranger.token(honest(), { [name]: value }));
        expect(report.diagnosis?.code).toMatch(/^CAVRA-E31[56]$/);
        expect(status).toBe(3);
        expect(trap.connections).toBe(0);
      } finally {
        await trap.close();
      }
    },
  );

  it('a GitLab token of a fork’s merge request in the parent project', async () => {
    const { gitlab } = platforms;
    const { environment } = gitlab.startJob({
      projectPath: 'somebody/example-project',
      projectId: '666',
      jobProjectPath: 'example-group/example-project',
      jobProjectId: '20',
      pipelineSource: 'merge_request_event',
      idTokens: { CAVRA_GITLAB_OIDC_TOKEN: AUDIENCE },
    });
    // The job runs in the parent project, and says so.
    const parent = {
      CI_PROJECT_PATH: 'example-group/example-project',
      CI_PROJECT_ID: '20',
      CI_PIPELINE_SOURCE: 'push',
    };
    const { status, report } = await runGate(platforms, {
      environment: { ...environment, ...parent, ...gitlabTrust(gitlab) },
    });
    expect(report.diagnosis?.code).toBe('CAVRA-E319');
    expect(status).toBe(3);
  });

  it('an Azure token of another organisation under the same keys', async () => {
    const { azure } = platforms;
    const other = '99999999-8888-7777-6666-555555555555';
    const { environment } = azure.startJob({ claims: { org_id: other } });
    const { status, report } = await runGate(platforms, { environment: { ...environment, ...azureTrust(azure) } });
    expect(report.diagnosis?.code).toBe('CAVRA-E319');
    expect(status).toBe(3);
  });
});

describe('the environment cannot soften the check:', () => {
  it('NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const environment = { ...platforms.github.startJob().environment, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const before = platforms.github.connections;
    const { status, report } = await runGate(platforms, { environment });
    expect(report.diagnosis?.code).toBe('CAVRA-E213');
    expect(status).toBe(2);
    expect(platforms.github.connections).toBe(before);
  });

  it('a server URL that somebody changed', async () => {
    const { gitlab, github } = platforms;
    const { environment } = gitlab.startJob({ idTokens: { CAVRA_GITLAB_OIDC_TOKEN: AUDIENCE } });
    const changed = { ...environment, CI_SERVER_URL: github.origin, ...gitlabTrust(gitlab) };
    const { status, report } = await runGate(platforms, { environment: changed });
    expect(report.diagnosis?.code).toBe('CAVRA-E211');
    expect(status).toBe(2);
  });

  it('an authority that is not trusted', async () => {
    const other = createAuthority('Somebody else');
    const { github } = platforms;
    const environment = { ...github.startJob().environment, NODE_EXTRA_CA_CERTS: other.file };
    const before = github.requests.length;
    const { status, report } = await runGate(platforms, { environment });
    expect(report.diagnosis?.code).toBe('CAVRA-E313');
    expect(status).toBe(3);
    expect(github.requests.length).toBe(before);
    other.dispose();
  });
});
