// @ts-check
// Clients of a daemon: their proofs, made from wire-format.md section 3 alone, and asking.
import { createHash, createHmac, randomBytes, sign } from 'node:crypto';
import { connect } from 'node:net';
import { AUDIENCE, NAME, REPOSITORY, RUNNER_KEY } from './daemon-site.mjs';

/**
 * @typedef {object} Answered
 * @property {string} recordId
 * @property {number} milliseconds
 */

const FIELDS = [
  'provider',
  'repository',
  'workflow',
  'run_id',
  'run_attempt',
  'ref',
  'sha',
  'actor',
  'job',
  'runner_name',
];

/** @param {string} runId @returns {Record<string, string>} */
function identityOf(runId) {
  return {
    provider: 'github-actions',
    repository: REPOSITORY,
    workflow: 'Release',
    run_id: runId,
    run_attempt: '1',
    ref: 'refs/heads/main',
    sha: '0123456789abcdef0123456789abcdef01234567',
    actor: 'release-bot',
    job: 'gate',
    runner_name: 'runner-7',
  };
}

/**
 * One request with a proof of its own: a line to send.
 *
 * @param {'hmac' | 'oidc'} method
 * @param {string} runId
 * @param {number} number
 * @param {import('./daemon-site.mjs').Issuer} issuer
 */
export function requestLine(method, runId, number, issuer) {
  const identity = identityOf(runId);
  const question = {
    target: 'prod',
    release_governance: {
      metadata_kind: 'release-channel-promotion-request',
      approval_state: 'approved',
      approval_id: `apr-${number}`,
    },
  };
  const proof = method === 'hmac' ? hmacProof(identity, question) : oidcProof(identity, issuer);
  return `${JSON.stringify({ ...question, runner_auth: { identity, ...proof } })}\n`;
}

/** @param {Record<string, string>} identity @param {object} question */
function hmacProof(identity, question) {
  const issuedAt = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(16).toString('hex');
  // Its members stand in the order of the wire format, and hold nothing that it would write otherwise.
  const digest = createHash('sha256').update(JSON.stringify(question)).digest('hex');
  const lines = [
    'cavra.runner-auth.v2',
    `issued_at=${issuedAt}`,
    `nonce=${nonce}`,
    `key_id=${RUNNER_KEY.id}`,
    `audience=${NAME}`,
    `request_sha256=${digest}`,
    ...FIELDS.map((field) => `${field}=${identity[field] ?? ''}`),
  ];
  const mac = createHmac('sha256', RUNNER_KEY.secret).update(lines.join('\n')).digest('hex');
  const signature = `v2.${issuedAt}.${nonce}.${mac}`;
  return { algorithm: 'HMAC-SHA256-REQUEST', key_id: RUNNER_KEY.id, signature };
}

/** @param {Record<string, string>} identity @param {import('./daemon-site.mjs').Issuer} issuer */
function oidcProof(identity, issuer) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: randomBytes(16).toString('hex'),
    iss: issuer.url,
    aud: AUDIENCE,
    sub: `repo:${REPOSITORY}:ref:refs/heads/main`,
    iat: now,
    nbf: now - 5,
    exp: now + 600,
    repository: REPOSITORY,
    repository_id: '2002',
    repository_owner: 'example-org',
    actor: identity['actor'],
    ref: identity['ref'],
    sha: identity['sha'],
    event_name: 'push',
    workflow: identity['workflow'],
    workflow_ref: `${REPOSITORY}/.github/workflows/release.yml@refs/heads/main`,
    run_id: identity['run_id'],
    run_attempt: identity['run_attempt'],
    runner_environment: 'self-hosted',
  };
  const encode = (/** @type {object} */ part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode({ alg: 'RS256', kid: issuer.kid, typ: 'JWT' })}.${encode(claims)}`;
  const signature = `${input}.${sign('sha256', Buffer.from(input), issuer.privateKey).toString('base64url')}`;
  return { algorithm: 'OIDC-JWT', key_id: issuer.kid, signature };
}

/**
 * Connects, sends one line, and gives what comes back until the other side closes.
 *
 * @param {string} socket
 * @param {string} line
 * @returns {Promise<string>} the empty string when it was not answered whole
 */
export function exchange(socket, line) {
  return new Promise((resolve) => {
    const connection = connect({ path: socket });
    let answer = '';
    connection.setEncoding('utf8');
    connection.on('connect', () => connection.write(line));
    connection.on('data', (chunk) => {
      answer += chunk;
    });
    connection.on('error', () => connection.destroy());
    connection.on('close', () => resolve(answer.endsWith('\n') ? answer : ''));
  });
}

/** The id of the record in an answer that allows; undefined: it is another answer. @param {string} answer */
export function recordIdIn(answer) {
  if (!answer.includes('"decision":"allow"')) return undefined;
  return /go-daemon-evidence:\/\/([0-9a-f]{24})"\]/.exec(answer)?.[1];
}

/**
 * Clients that each ask one line after the other, every one on a connection of its own.
 *
 * @param {string} socket
 * @param {readonly (readonly string[])[]} lines of each client
 * @param {(answer: string, milliseconds: number, line: string) => boolean} take whether to go on
 * @returns {Promise<number>} seconds from the first question to the last answer
 */
export async function ask(socket, lines, take) {
  const start = performance.now();
  let goOn = true;
  const client = async (/** @type {readonly string[]} */ own) => {
    for (const line of own) {
      if (!goOn) return;
      const asked = performance.now();
      const answer = await exchange(socket, line);
      goOn = take(answer, performance.now() - asked, line) && goOn;
    }
  };
  await Promise.all(lines.map(client));
  return (performance.now() - start) / 1000;
}
