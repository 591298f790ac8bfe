import type { Buffer } from 'node:buffer';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { DerError } from '../der/der.ts';
import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { Members } from '../json/members.ts';
import { parseStrictJson } from '../json/parse.ts';
import { MAX_CERTIFICATE_CHAIN, MAX_CONFIGURATION_FILE_BYTES, MAX_ROOT_ENTRIES } from '../limits.ts';
import { parseInstant } from '../time/instant.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';

/** Whom a Sigstore instance trusts (sigstore/protobuf-specs, TrustedRoot). Logs of signatures are not read: no seal depends on them. */
export interface TrustedRoot {
  readonly certificateAuthorities: readonly RootAuthority[];
  readonly timestampAuthorities: readonly RootAuthority[];
  readonly certificateLogs: readonly CertificateLog[];
}

/** When something counts: Unix milliseconds, both included. */
export interface RootPeriod {
  readonly startMs: number;
  readonly endMs: number;
}

export interface RootAuthority {
  /** Its address; undefined: the root does not say. */
  readonly uri: string | undefined;
  /** The leaf or the lowest authority first, the root last. */
  readonly chain: readonly Certificate[];
  readonly period: RootPeriod;
}

/** A log of certificates (RFC 6962), which signs a promise into each certificate. */
export interface CertificateLog {
  readonly id: Buffer;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer;
  readonly period: RootPeriod;
}

const MEDIA_TYPES = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
] as const;

/** The last moment that a Date can hold. */
const FOREVER_MS = 8_640_000_000_000_000;

/**
 * Reads a trusted root. Members that are not known are left alone, as later versions may say more.
 *
 * @param source what messages call it
 * @throws ConfigurationError CAVRA-E260
 */
export function parseTrustedRoot(bytes: Uint8Array, source: string): TrustedRoot {
  const refusal = (message: string) => new ConfigurationError('CAVRA-E260', `${source}: ${message}`);
  const root = new Members(parseJson(bytes, refusal), refusal);
  root.oneOf('mediaType', MEDIA_TYPES);
  const list = (name: string) => (root.value(name) === undefined ? [] : root.objects(name, MAX_ROOT_ENTRIES));
  return {
    certificateAuthorities: list('certificateAuthorities').map(readAuthority),
    timestampAuthorities: list('timestampAuthorities').map(readAuthority),
    certificateLogs: list('ctlogs').map(readLog),
  };
}

function parseJson(bytes: Uint8Array, refusal: (message: string) => Error) {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_CONFIGURATION_FILE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw refusal(error.message);
  }
}

function readAuthority(authority: Members): RootAuthority {
  const uri = authority.optionalText('uri');
  const certificates = authority.object('certChain').objects('certificates', MAX_CERTIFICATE_CHAIN);
  if (certificates.length === 0) authority.refuse('certChain', 'a chain of at least one certificate');
  return {
    uri: uri === '' ? undefined : uri,
    chain: certificates.map(certificateOf),
    period: periodOf(authority),
  };
}

function certificateOf(entry: Members): Certificate {
  try {
    return readCertificate(bytesOf(entry, 'rawBytes'));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return entry.refuse('rawBytes', `a certificate (${error.message})`);
  }
}

function readLog(log: Members): CertificateLog {
  const key = log.object('publicKey');
  const publicKey = bytesOf(key, 'rawBytes');
  if (publicKeyOf(publicKey) === undefined) key.refuse('rawBytes', 'a public key (SubjectPublicKeyInfo)');
  return { id: bytesOf(log.object('logId'), 'keyId'), publicKey, period: periodOf(key) };
}

function publicKeyOf(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function periodOf(owner: Members): RootPeriod {
  if (owner.value('validFor') === undefined) return { startMs: 0, endMs: FOREVER_MS };
  const period = owner.object('validFor');
  const instant = (name: string, absent: number) =>
    period.value(name) === undefined
      ? absent
      : (parseInstant(period.text(name)) ?? period.refuse(name, 'a time of RFC 3339'));
  return { startMs: instant('start', 0), endMs: instant('end', FOREVER_MS) };
}

function bytesOf(owner: Members, name: string): Buffer {
  return decodeBase64(owner.text(name)) ?? owner.refuse(name, 'base64 in its canonical form');
}

/** The first authority of a list whose period includes a moment and that has an address. */
export function addressAt(authorities: readonly RootAuthority[], atMs: number): string | undefined {
  return authorities.find(({ uri, period }) => uri !== undefined && isWithin(period, atMs))?.uri;
}

export function isWithin({ startMs, endMs }: RootPeriod, atMs: number): boolean {
  return startMs <= atMs && atMs <= endMs;
}
