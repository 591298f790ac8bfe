// @ts-check
// A resident daemon's files, an issuer of tokens with working keys, and the daemon itself as a process.
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const NAME = 'gate.bench';
export const AUDIENCE = 'cavra-release-governance';
export const REPOSITORY = 'example-org/example-repo';
export const EVIDENCE_KEY = {
  id: 'bench-evidence-2099-q4',
  secret: 'evidence-key-of-the-benchmark-0123456789abcdef0123',
};
export const RUNNER_KEY = { id: 'bench-runner-2099-q4', secret: 'runner-key-of-the-benchmark-0123456789abcdef012345' };

const CLI = fileURLToPath(new URL('../../packages/cli/dist/cavra-release-governance.mjs', import.meta.url));
const ECHO = fileURLToPath(new URL('./daemon-echo.mjs', import.meta.url));

/**
 * @typedef {object} Issuer
 * @property {string} url
 * @property {string} kid
 * @property {import('node:crypto').KeyObject} privateKey
 * @property {string} certificate path of the authority's certificate
 * @property {() => void} close
 */

/**
 * @typedef {object} Site
 * @property {string} folder
 * @property {string} configuration
 * @property {string} socket
 * @property {string} evidence
 */

/**
 * An issuer that serves its keys over HTTPS.
 *
 * @param {string} folder
 * @returns {Promise<Issuer>}
 */
export async function startIssuer(folder) {
  const [key, certificate] = [join(folder, 'tls.pem'), join(folder, 'tls.crt')];
  const subject = ['-subj', '/CN=issuer.bench', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', certificate, ...subject],
  ]);
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = 'bench-issuer-1';
  const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    response.writeHead(request.url === '/jwks' ? 200 : 404, { 'content-type': 'application/json' }).end(jwks);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  const close = () => void server.close();
  return { url: `https://localhost:${address.port}`, kid, privateKey, certificate, close };
}

/**
 * Writes everything that a daemon is started with.
 *
 * @param {string} folder
 * @param {Issuer} issuer
 * @returns {Site}
 */
export function writeSite(folder, issuer) {
  const place = mkdtempSync(join(folder, 'site-'));
  /** @param {string} name @param {unknown} content */
  const write = (name, content) => {
    writeFileSync(join(place, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
    return join(place, name);
  };
  const answers = generateKeyPairSync('ed25519');
  write('daemon.pem', answers.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  write('policy.json', {
    schema_version: 'cavra.release-governance.trust-policy.v1',
    rules: [
      {
        name: 'the project',
        provider: 'github-actions',
        methods: ['hmac', 'oidc'],
        match: { repository: REPOSITORY },
      },
    ],
  });
  const hmacKey = (/** @type {string} */ id, /** @type {string} */ purpose, /** @type {string} */ env) => {
    return { id, purpose, algorithm: 'HMAC-SHA256', status: 'active', secret: { env } };
  };
  write('keyring.json', {
    schema_version: 'cavra.release-governance.keyring.v1',
    keys: [hmacKey(EVIDENCE_KEY.id, 'evidence', 'EVIDENCE_KEY'), hmacKey(RUNNER_KEY.id, 'runner', 'RUNNER_KEY')],
  });
  mkdirSync(join(place, 'run'), { mode: 0o700 });
  const configuration = write('daemon.json', {
    schema_version: 'cavra.release-governance.daemon-configuration.v1',
    name: NAME,
    socket: { path: 'run/d.sock' },
    state_folder: 'state',
    evidence_folder: 'evidence',
    keyring: 'keyring.json',
    signing_key: { id: 'bench-daemon-2099-q4', private_key: { file: 'daemon.pem' } },
    trust_policy: { file: 'policy.json' },
    issuers: [{ provider: 'github-actions', issuer: issuer.url, jwks_url: `${issuer.url}/jwks`, audience: AUDIENCE }],
    hmac: { request_bound: true },
  });
  return { folder: place, configuration, socket: join(place, 'run', 'd.sock'), evidence: join(place, 'evidence') };
}

/**
 * Runs the daemon of a site until it is killed or told to stop.
 *
 * @param {Site} site
 * @param {Issuer} issuer
 * @param {readonly string[]} [nodeArguments]
 */
export async function spawnDaemon({ configuration, folder }, issuer, nodeArguments = []) {
  const log = join(folder, 'daemon.log');
  // One of this site may have been started before.
  const starts = () => readFileSync(log, { encoding: 'utf8', flag: 'a+' }).split('"event":"started"').length;
  const before = starts();
  return spawnUntil(
    // As the systemd unit of the example does.
    ['--max-old-space-size=384', ...nodeArguments, CLI, 'daemon', 'run', '--config', configuration, '--log-file', log],
    {
      EVIDENCE_KEY: EVIDENCE_KEY.secret,
      RUNNER_KEY: RUNNER_KEY.secret,
      NODE_EXTRA_CA_CERTS: issuer.certificate,
    },
    () => starts() > before,
  );
}

/** @param {string} socket */
export function spawnEcho(socket) {
  return spawnUntil([ECHO, socket], {}, (text) => text.includes('listening'));
}

/**
 * Runs a program of Node, and waits until it is ready.
 *
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} environment
 * @param {(text: string) => boolean} isReady by what it has said so far
 */
async function spawnUntil(args, environment, isReady) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', UV_THREADPOOL_SIZE: '16', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, over] = ['', false];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      text += chunk;
    });
  }
  const ended = once(child, 'close').then(([status, signal]) => {
    over = true;
    return signal ?? status;
  });
  while (!isReady(text)) {
    if (over) throw new Error(`${args.join(' ')} did not start: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const pid = child.pid ?? 0;
  return { pid, ended, kill: (/** @type {NodeJS.Signals} */ signal) => child.kill(signal) };
}

export function temporaryFolder() {
  return mkdtempSync(join(tmpdir(), 'cavra-bench-'));
}
