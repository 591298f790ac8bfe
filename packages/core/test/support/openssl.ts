import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A second reader of seals, which shares no code with ours: `openssl x509`, `verify`, `ts -verify` and `dgst`, put together as
 * docs/checkpoint.md shows. It knows no logs of certificates.
 */
export interface OpensslReader {
  /** What is wrong with a sealed bundle; undefined: nothing. */
  fault(bundle: string, question: OpensslQuestion): string | undefined;
  dispose(): void;
}

export interface OpensslQuestion {
  readonly rootPem: string;
  readonly timeRootPem: string;
  /** The time that the timestamp states, Unix ms. */
  readonly timeMs: number;
  /** Exact subject alternative name, ... */
  readonly identity?: string;
  /** ... and extensions by their last arc below 1.3.6.1.4.1.57264.1. */
  readonly extensions: Readonly<Record<number, string>>;
}

export function opensslReader(): OpensslReader {
  const folder = mkdtempSync(join(tmpdir(), 'cavra-openssl-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
  return {
    fault: (bundle, question) => {
      try {
        return faultOf(bundle, question, { openssl, write });
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Tools {
  readonly openssl: (...args: string[]) => string;
  readonly write: (name: string, content: string | Uint8Array) => void;
}

function faultOf(bundle: string, question: OpensslQuestion, { openssl, write }: Tools): string | undefined {
  const { verificationMaterial, dsseEnvelope } = JSON.parse(bundle);
  const seconds = String(Math.floor(question.timeMs / 1000));
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const type = dsseEnvelope.payloadType;
  write('signed', Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]));
  write('signature', Buffer.from(dsseEnvelope.signatures[0].sig, 'base64'));
  write('certificate.der', Buffer.from(verificationMaterial.certificate.rawBytes, 'base64'));
  write('root.pem', question.rootPem);
  write('time.pem', question.timeRootPem);
  const [stamp] = verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  if (stamp === undefined) return 'there is no timestamp';
  write('time.tsr', Buffer.from(stamp.signedTimestamp, 'base64'));
  openssl('ts', '-verify', '-in', 'time.tsr', '-data', 'signature', '-CAfile', 'time.pem', '-attime', seconds);
  openssl('x509', '-inform', 'DER', '-in', 'certificate.der', '-out', 'certificate.pem');
  openssl('verify', '-CAfile', 'root.pem', '-attime', seconds, '-purpose', 'any', 'certificate.pem');
  write('public.pem', openssl('x509', '-in', 'certificate.pem', '-noout', '-pubkey'));
  openssl('dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'signed');
  return identityFault(openssl('x509', '-in', 'certificate.pem', '-noout', '-text'), question);
}

function identityFault(text: string, { identity, extensions }: OpensslQuestion): string | undefined {
  if (!/X509v3 Extended Key Usage: (critical)?\s*Code Signing/u.test(text)) return 'it is not for signatures';
  const name = /X509v3 Subject Alternative Name: (?:critical)?\s*URI:(.*)/u.exec(text)?.[1];
  if (identity !== undefined && name !== identity) return `it is of ${name}`;
  for (const [arc, expected] of Object.entries(extensions)) {
    // DER of a UTF8String: a tag and a length before the text, which openssl shows as characters.
    const shown = new RegExp(`1\\.3\\.6\\.1\\.4\\.1\\.57264\\.1\\.${arc}: \\n\\s*(.*)`, 'u').exec(text)?.[1]?.trim();
    if (shown === undefined || shown.replace(/^\.(?:[^a-zA-Z0-9/]|.)/u, '') !== expected) {
      return `${arc} is ${shown}, expected ${expected}`;
    }
  }
  return undefined;
}
