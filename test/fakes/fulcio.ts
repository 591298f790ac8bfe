import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { initializeCA, initializeCTLog } from '@sigstore/mock';
import type { Authority } from './authority.ts';
import type { Answer } from './faults.ts';
import { json } from './json.ts';
import { type FakeServer, type SeenRequest, startServer } from './server.ts';
import type { TimestampAuthority } from './timestamp-authority.ts';

/**
 * A certificate authority for single runs, with its log, as Fulcio is: it checks the token's signature, issuer, audience and times and the
 * proof of possession, and maps claims to extensions as its configuration for GitHub and GitLab does. The certificates are made by the
 * authority of @sigstore/mock, whose own handler checks nothing of this.
 */
export interface Fulcio extends FakeServer {
  /** The trusted root of this instance as JSON, with an authority of time. */
  trustedRoot(time?: TimestampAuthority, changes?: RootChanges): string;
  /** Issues a certificate for any claims, as if a token had them. DER. */
  issue(publicKey: KeyObject, claims: Claims, changes?: IssueChanges): Promise<Buffer>;
  /** Changes every certificate from now on. */
  tamper(changes: IssueChanges): void;
}

type Claims = Readonly<Record<string, unknown>>;
type CA = Awaited<ReturnType<typeof initializeCA>>;
type CTLog = Awaited<ReturnType<typeof initializeCTLog>>;

/** An issuer whose tokens are accepted. */
export interface FulcioIssuer {
  readonly issuer: string;
  readonly kind: 'github' | 'gitlab';
  /** Web address of its server, below which repositories and workflows are named. */
  readonly url: string;
  readonly jwks: () => { readonly keys: readonly JsonWebKey[] };
}

export interface FulcioOptions {
  readonly authority: Authority;
  readonly issuers: readonly FulcioIssuer[];
  /** Certificates begin at this moment instead of now. */
  readonly clock?: Date;
  /** Without a log, its certificates hold no promise. */
  readonly withoutLog?: boolean;
}

export interface IssueChanges {
  readonly subject?: string;
  /** In place of extensions, by their last arc; undefined takes one away. */
  readonly extensions?: Readonly<Record<number, string | undefined>>;
  readonly issuer?: string;
  /** Another key than the one that was asked for. */
  readonly publicKey?: KeyObject;
}

export interface RootChanges {
  readonly uri?: string | null;
  readonly validFor?: { readonly start?: string; readonly end?: string };
  readonly timestampUri?: string;
  readonly withoutLogs?: boolean;
}

const FULCIO = '1.3.6.1.4.1.57264.1';
const AUDIENCE = 'sigstore';
const PATH = '/api/v2/signingCert';

export async function startFulcio(options: FulcioOptions): Promise<Fulcio> {
  const log = await initializeCTLog(keyPair('prime256v1'), options.clock);
  const ca = await initializeCA(keyPair('secp384r1'), options.withoutLog === true ? undefined : log, options.clock);
  let tampered: IssueChanges = {};
  const issueFor = async (publicKey: KeyObject, claims: Claims, changes: IssueChanges = {}) =>
    issue(ca, options.issuers, publicKey, claims, { ...tampered, ...changes });
  const server = await startServer({ authority: options.authority }, async (request) => {
    try {
      return await answer(request, options.issuers, issueFor);
    } catch (error) {
      return refusal(error instanceof Error ? error.message : String(error));
    }
  });
  const trustedRoot: Fulcio['trustedRoot'] = (time, changes) => rootText({ ca, log, server }, time, changes);
  return Object.defineProperties(server, {
    trustedRoot: { value: trustedRoot },
    issue: { value: issueFor },
    tamper: {
      value: (changes: IssueChanges) => {
        tampered = changes;
      },
    },
  }) as Fulcio;
}

function keyPair(namedCurve: string) {
  return generateKeyPairSync('ec', { namedCurve });
}

type Issue = (publicKey: KeyObject, claims: Claims) => Promise<Buffer>;

async function answer(request: SeenRequest, issuers: readonly FulcioIssuer[], issueFor: Issue): Promise<Answer> {
  if (request.path !== PATH || request.method !== 'POST') return json(404, { code: 5, message: 'Not Found' });
  const body = JSON.parse(request.body);
  const token = String(body.credentials?.oidcIdentityToken ?? '');
  const claims = authenticate(token, issuers);
  const { publicKey: asked, proofOfPossession } = body.publicKeyRequest ?? {};
  const publicKey = createPublicKey(String(asked?.content));
  const proof = Buffer.from(String(proofOfPossession), 'base64');
  if (!verify('sha256', Buffer.from(String(claims['sub'])), publicKey, proof)) {
    throw new Error('The signature supplied in the request could not be verified');
  }
  const certificate = await issueFor(publicKey, claims);
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return json(200, { signedCertificateEmbeddedSct: { chain: { certificates: [pem] } } });
}

function refusal(message: string): Answer {
  return json(400, { code: 3, message, details: [] });
}

/** What an OIDC library checks of a token: its issuer, signature, audience and times. */
function authenticate(token: string, issuers: readonly FulcioIssuer[]): Claims {
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const issuer = issuers.find((each) => each.issuer === claims.iss);
  const jwk = issuer?.jwks().keys.find((each) => each['kid'] === header.kid);
  if (jwk === undefined || header.alg !== 'RS256') throw new Error('There was an error processing the identity token');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const isSigned = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
  const isTimely = claims.exp * 1000 > Date.now() && claims.nbf * 1000 <= Date.now() + 60_000;
  if (!isSigned || !isTimely || claims.aud !== AUDIENCE) {
    throw new Error('There was an error processing the identity token');
  }
  return claims;
}

async function issue(
  ca: CA,
  issuers: readonly FulcioIssuer[],
  publicKey: KeyObject,
  claims: Claims,
  changes: IssueChanges,
): Promise<Buffer> {
  const issuer = issuers.find((each) => each.issuer === claims['iss']);
  if (issuer === undefined) throw new Error('the issuer is not configured');
  const { subject, extensions } = issuer.kind === 'github' ? githubNames(claims, issuer) : gitlabNames(claims, issuer);
  const named: Record<number, string | undefined> = {
    8: changes.issuer ?? String(claims['iss']),
    ...extensions,
    24: String(claims['sub']),
    ...changes.extensions,
  };
  const legacy = { oid: `${FULCIO}.1`, value: named[8] ?? '', legacy: true };
  const values = Object.entries(named).flatMap(([arc, value]) =>
    value === undefined || value === '' ? [] : [{ oid: `${FULCIO}.${arc}`, value }],
  );
  const spki = (changes.publicKey ?? publicKey).export({ format: 'der', type: 'spki' });
  const certificate = await ca.issueCertificate({
    publicKey: Uint8Array.from(spki),
    subjectAltName: changes.subject ?? subject,
    extensions: [legacy, ...values],
  });
  return Buffer.from(certificate.buffer, certificate.byteOffset, certificate.byteLength);
}

interface Names {
  readonly subject: string;
  readonly extensions: Readonly<Record<number, string>>;
}

/** `github-workflow` of Fulcio's configuration. */
function githubNames(claims: Claims, { url }: FulcioIssuer): Names {
  const claim = (name: string) => String(claims[name] ?? '');
  return {
    subject: `${url}/${claim('job_workflow_ref')}`,
    extensions: {
      9: `${url}/${claim('job_workflow_ref')}`,
      10: claim('job_workflow_sha'),
      11: claim('runner_environment'),
      12: `${url}/${claim('repository')}`,
      13: claim('sha'),
      14: claim('ref'),
      15: claim('repository_id'),
      16: `${url}/${claim('repository_owner')}`,
      17: claim('repository_owner_id'),
      18: `${url}/${claim('workflow_ref')}`,
      19: claim('workflow_sha'),
      20: claim('event_name'),
      21: `${url}/${claim('repository')}/actions/runs/${claim('run_id')}/attempts/${claim('run_attempt')}`,
      22: claim('repository_visibility'),
      23: claim('environment'),
    },
  };
}

/** `gitlab-pipeline` of Fulcio's configuration. */
function gitlabNames(claims: Claims, { url }: FulcioIssuer): Names {
  const claim = (name: string) => String(claims[name] ?? '');
  const configuration = `https://${claim('ci_config_ref_uri')}`;
  return {
    subject: configuration,
    extensions: {
      9: configuration,
      10: claim('ci_config_sha'),
      11: claim('runner_environment'),
      12: `${url}/${claim('project_path')}`,
      13: claim('sha'),
      14: `refs/${claim('ref_type') === 'branch' ? 'heads' : 'tags'}/${claim('ref')}`,
      15: claim('project_id'),
      16: `${url}/${claim('namespace_path')}`,
      17: claim('namespace_id'),
      18: configuration,
      19: claim('ci_config_sha'),
      20: claim('pipeline_source'),
      21: `${url}/${claim('project_path')}/-/jobs/${claim('job_id')}`,
      22: claim('project_visibility'),
      23: claim('environment'),
    },
  };
}

interface RootParts {
  readonly ca: CA;
  readonly log: CTLog;
  readonly server: FakeServer;
}

function rootText(
  { ca, log, server }: RootParts,
  time: TimestampAuthority | undefined,
  changes: RootChanges = {},
): string {
  const { rootCertificate: root } = ca;
  const validFor = changes.validFor ?? { start: '2020-01-01T00:00:00Z' };
  const uri = changes.uri === null ? {} : { uri: changes.uri ?? server.origin };
  const encoded = (bytes: ArrayBufferView) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const authority = {
    subject: { organization: 'test', commonName: 'sigstore' },
    ...uri,
    certChain: { certificates: [{ rawBytes: encoded(root) }] },
    validFor,
  };
  const logs = {
    baseUrl: 'https://ctlog.example',
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: log.publicKey.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: '2020-01-01T00:00:00Z' },
    },
    logId: { keyId: createHash('sha256').update(log.publicKey).digest('base64') },
  };
  const times = time === undefined ? [] : [timeAuthority(time, changes.timestampUri)];
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [],
    certificateAuthorities: [authority],
    ctlogs: changes.withoutLogs === true ? [] : [logs],
    timestampAuthorities: times,
  });
}

function timeAuthority({ certificate, root }: TimestampAuthority, uri: string | undefined) {
  return {
    subject: { organization: 'test', commonName: 'time' },
    ...(uri === undefined ? {} : { uri }),
    certChain: { certificates: [certificate, root].map((each) => ({ rawBytes: each.toString('base64') })) },
    validFor: { start: '2020-01-01T00:00:00Z' },
  };
}
