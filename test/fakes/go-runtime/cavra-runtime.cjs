#!/usr/bin/env node
// Stands in for the Go program `cavra-runtime`, written from its command line and formats alone: `--lifecycle start|stop|status`,
// `--daemon`, `--verify-evidence`. Where the Go program is known to be careless, so is this one: it records its own readiness probes,
// believes the number in its PID file, removes whatever is at the socket's path, and leaves its daemon with the caller's streams.
'use strict';
const { spawn } = require('node:child_process');
const { createHash, createHmac, createPublicKey, randomBytes, verify } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');

const IDENTITY = 'provider repository workflow run_id run_attempt ref sha actor job runner_name'.split(' ');
const GOVERNANCE = `metadata_kind release_channel release_version approval_state approval_id approval_required_count
  delivery_success failed_providers failed_delivery_count connector_delivery_failure_count alert_level drift_status handoff_status
  blocked_count critical_count breached_count drifted_endpoint_count missing_target_count evidence_refs connector_delivery_source
  verification_status integrity_status failed_verification_count integrity_failure_count audit_export_status
  rollback_reference_count`.split(/\s+/);
const RESPONSE =
  `decision_id session_id agent_id actor action_type target requested_operation policy_pack policy_id rule_id decision
  severity reason evidence_refs approver_group timestamp correlation_id`.split(/\s+/);
const REQUEST = 'session_id agent_id actor action_type target requested_operation policy_pack'.split(' ');

const options = parseArguments(process.argv.slice(2));
const fail = (message) => {
  console.error(`cavra-runtime: ${message}`);
  process.exit(1);
};

if (options['serve-for-lifecycle'] !== undefined) serve();
else if (options.lifecycle === 'start') start();
else if (options.lifecycle === 'stop') stop();
else if (options.lifecycle === 'status') status();
else if (options.daemon !== undefined) ask();
else if (options['verify-evidence'] !== undefined) verifyEvidence();
else fail('nothing to do');

function parseArguments(args) {
  const parsed = {};
  const flags = new Set(['daemon', 'verify-evidence', 'serve-for-lifecycle']);
  for (let at = 0; at < args.length; at += 1) {
    const name = args[at].replace(/^--/, '');
    parsed[name] = flags.has(name) ? 'true' : (args[++at] ?? '');
  }
  return parsed;
}

function pidFile() {
  return `${options.socket}.pid`;
}

async function start() {
  if (process.env.FAKE_RUNTIME_REFUSES) fail(process.env.FAKE_RUNTIME_REFUSES);
  fs.rmSync(options.socket, { force: true });
  const child = spawn(process.execPath, [__filename, '--serve-for-lifecycle', ...process.argv.slice(2)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  fs.writeFileSync(pidFile(), String(child.pid));
  child.unref();
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!fs.existsSync(options.socket)) continue;
    // Each probe is a request like any other, and so a record.
    await exchange('{"target":"probe"}\n');
    await exchange('{"target":"probe"}\n');
    process.exit(0);
  }
  fail('the daemon did not start');
}

function stop() {
  process.kill(Number(fs.readFileSync(pidFile(), 'utf8')), 'SIGTERM');
}

function status() {
  exchange('{"target":"probe"}\n').then(
    () => console.log('running'),
    () => fail('not running'),
  );
}

function exchange(line) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(options.socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(text));
    socket.write(line);
  });
}

async function ask() {
  const request = JSON.parse(fs.readFileSync(options.input, 'utf8'));
  const identity = options['runner-auth-claims']
    ? JSON.parse(fs.readFileSync(options['runner-auth-claims'], 'utf8'))
    : {};
  const tokenFile = options['runner-auth-oidc-token-file'];
  if (tokenFile) {
    const token = fs.readFileSync(tokenFile, 'utf8').trim();
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString('utf8'));
    request.runner_auth = { identity, algorithm: 'OIDC-JWT', key_id: kid, signature: token };
  } else if (process.env.CAVRA_RUNNER_AUTH_HMAC_KEY) {
    const key_id = options['runner-auth-key-id'] || process.env.CAVRA_RUNNER_AUTH_KEY_ID || undefined;
    const signature = mac(process.env.CAVRA_RUNNER_AUTH_HMAC_KEY, identityText(identity));
    request.runner_auth = { identity, algorithm: 'HMAC-SHA256', key_id, signature };
  }
  try {
    const answer = await exchange(`${JSON.stringify(request)}\n`);
    const response = JSON.parse(answer);
    // Go decodes into a struct: anything but an object is an error.
    if (Array.isArray(response) || typeof response !== 'object') fail('cannot unmarshal the response');
    console.log(JSON.stringify(response));
  } catch (error) {
    fail(error.message);
  }
}

function serve() {
  const log = options['evidence-log'];
  const lines = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
  let sequence = lines.length;
  let previous = sequence === 0 ? '' : JSON.parse(lines.at(-1)).record_hash;
  const server = net.createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n')) return;
      const request = JSON.parse(text);
      const response = decide(request);
      const id = randomBytes(12).toString('hex');
      response.evidence_refs = [...(response.evidence_refs ?? []), `go-daemon-evidence://${id}`];
      sequence += 1;
      const { line, hash } = seal(id, sequence, previous, request, response);
      previous = hash;
      fs.appendFileSync(log, `${line}\n`);
      socket.end(`${encode(response, RESPONSE)}\n`);
    });
  });
  server.listen(options.socket);
}

function decide(request) {
  const copied = Object.fromEntries(REQUEST.map((name) => [name, request[name]]).filter(([, value]) => value));
  const problem = authenticationProblem(request.runner_auth);
  if (problem !== '') {
    const reason = `runner authentication failed: ${problem}`;
    return { ...copied, rule_id: 'runner_auth.invalid', decision: 'block', severity: 'critical', reason };
  }
  const id = `dec_${randomBytes(6).toString('hex')}`;
  const governance = request.release_governance ?? {};
  const state = String(governance.approval_state ?? '')
    .trim()
    .toLowerCase();
  const decision = verdict(state, governance);
  return {
    decision_id: id,
    session_id: request.session_id || 'local',
    agent_id: request.agent_id || 'unknown-agent',
    actor: request.actor || 'ai-agent',
    action_type: request.action_type || 'release_governance_record',
    target: request.target,
    requested_operation: request.requested_operation || 'verify',
    policy_pack: request.policy_pack || 'cavra-ai-agent-baseline',
    policy_id: request.policy_pack || 'cavra-ai-agent-baseline',
    rule_id: `release_governance.approval.${state || 'not_required'}`,
    decision,
    severity: decision === 'allow' ? 'low' : 'high',
    reason: `decided by the stand-in: ${decision}`,
    evidence_refs: [`evidence://${request.session_id || 'local'}/${id}`],
    timestamp: now(),
    correlation_id: `corr_${randomBytes(6).toString('hex')}`,
  };
}

/** As the Go program decides, as far as the tests go: an approval hides what was tampered with. */
function verdict(state, governance) {
  if (Object.keys(governance).length === 0) return 'require_approval';
  if (state === 'approved') return governance.approval_id ? 'allow' : 'block';
  if (['denied', 'rejected', 'expired', 'cancelled', 'canceled'].includes(state)) return 'block';
  return state === '' ? 'allow' : 'require_approval';
}

function authenticationProblem(auth) {
  const key = process.env.CAVRA_RUNNER_AUTH_HMAC_KEY;
  const issuer = options['runner-oidc-issuer'];
  if (!key && !issuer) return '';
  if (auth?.algorithm === 'HMAC-SHA256' && key) {
    return mac(key, identityText(auth.identity)) === auth.signature ? '' : 'the signature does not match';
  }
  if (auth?.algorithm === 'OIDC-JWT' && issuer) return tokenProblem(auth.signature, issuer);
  return 'no proof that is accepted';
}

function tokenProblem(token, issuer) {
  const [header, payload, signature] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  const { keys } = JSON.parse(fs.readFileSync(options['runner-oidc-jwks'], 'utf8'));
  const jwk = keys.find((each) => each.kid === kid);
  if (jwk === undefined) return 'unknown key';
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (!verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
    return 'bad signature';
  return claims.iss === issuer && claims.aud === options['runner-oidc-audience'] ? '' : 'another issuer or audience';
}

function identityText(identity) {
  return ['cavra.runner-auth.v1', ...IDENTITY.map((name) => `${name}=${identity?.[name] ?? ''}`)].join('\n');
}

function mac(key, text) {
  return createHmac('sha256', key).update(text).digest('hex');
}

function seal(id, sequence, previous, request, response) {
  const key = process.env.CAVRA_DAEMON_EVIDENCE_HMAC_KEY;
  const keyId = options['evidence-signing-key-id'] || process.env.CAVRA_DAEMON_EVIDENCE_KEY_ID;
  const head = `{"schema_version":"cavra.go-daemon.evidence.v1","product":"CAVRA","event_type":"cavra.go_daemon.decision","record_id":"${id}","sequence":${sequence}`;
  const link = previous === '' ? '' : `,"previous_hash":"${previous}"`;
  const tail = `,"timestamp":"${now()}","request":${encodeRequest(request)},"response":${encode(response, RESPONSE)}`;
  const hash = createHash('sha256').update(`${head}${link}${tail}}`).digest('hex');
  const value = key ? mac(key, `cavra.go-daemon.evidence.v1\n${previous}\n${hash}`) : '';
  const named = keyId ? `"key_id":${text(keyId)},` : '';
  const signature = key ? `,"signature":{"algorithm":"HMAC-SHA256",${named}"value":"${value}"}` : '';
  return { line: `${head}${link},"record_hash":"${hash}"${tail}${signature}}`, hash };
}

function encodeRequest(request) {
  const members = REQUEST.flatMap((name) => member(name, request[name]));
  if (request.release_governance)
    members.push(`"release_governance":${encode(request.release_governance, GOVERNANCE)}`);
  if (request.runner_auth) {
    const { identity = {}, algorithm, key_id, signature } = request.runner_auth;
    const shown = algorithm === 'OIDC-JWT' ? '<redacted-oidc-jwt>' : signature;
    const rest = [...member('algorithm', algorithm), ...member('key_id', key_id), ...member('signature', shown)];
    members.push(`"runner_auth":{${[`"identity":${encode(identity, IDENTITY)}`, ...rest].join(',')}}`);
  }
  return `{${members.join(',')}}`;
}

function encode(object, names) {
  return `{${names.flatMap((name) => member(name, object[name])).join(',')}}`;
}

function member(name, value) {
  if (
    value === undefined ||
    value === '' ||
    value === 0 ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  )
    return [];
  const json = Array.isArray(value)
    ? `[${value.map(text).join(',')}]`
    : typeof value === 'string'
      ? text(value)
      : String(value);
  return [`"${name}":${json}`];
}

function text(value) {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function now() {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

function verifyEvidence() {
  const lines = fs.readFileSync(options['evidence-log'], 'utf8').split('\n').filter(Boolean);
  let previous = '';
  for (const line of lines) {
    const record = JSON.parse(line);
    if ((record.previous_hash ?? '') !== previous) fail('the chain is broken');
    previous = record.record_hash;
  }
  console.log(
    JSON.stringify({ path: options['evidence-log'], valid: true, records: lines.length, signed_records: lines.length }),
  );
}
