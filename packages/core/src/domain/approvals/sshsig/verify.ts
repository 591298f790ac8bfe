import { Buffer } from 'node:buffer';
import { createHash, verify } from 'node:crypto';
import { printableName } from '../../text/printable.ts';
import { checkClientData } from './client-data.ts';
import { SshSignatureError } from './error.ts';
import type { SshKeyType } from './public-key.ts';
import { SSHSIG_MAGIC, type SshSignature } from './signature.ts';
import { SshReader, sshString, sshUint32 } from './wire.ts';

/**
 * Verifies a signature over a message. Whose key it is, and which flags of an authenticator are asked for, is the caller's to say.
 *
 * @param message the exact bytes that were signed
 * @param namespace what the signature must have been made for
 * @throws SshSignatureError namespace, client_data, mismatch; unreadable: the numbers of an ECDSA signature are not canonical
 */
export function verifySshSignature(signature: SshSignature, message: Uint8Array, namespace: string): void {
  if (signature.namespace !== namespace) {
    const got = printableName(signature.namespace);
    throw new SshSignatureError('namespace', `the signature was made for ${got}, expected ${namespace}`);
  }
  const signed = deviceData(signature, signedData(signature, message));
  if (!VERIFIERS[signature.publicKey.type](signature, signed)) {
    throw new SshSignatureError('mismatch', 'the signature is not that of its key over these bytes');
  }
}

/** OpenSSH's PROTOCOL.sshsig, section 3: what is signed in the message's place. */
function signedData({ namespace, hash }: SshSignature, message: Uint8Array): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([Buffer.from(SSHSIG_MAGIC), ...[namespace, '', hash, digest].map(sshString)]);
}

/** OpenSSH's PROTOCOL.u2f: an authenticator signs digests, its flags and its counter; a browser lets it sign its client data. */
function deviceData({ publicKey, authenticator }: SshSignature, signed: Buffer): Buffer {
  const { application } = publicKey;
  if (application === null || authenticator === null) return signed;
  const { flags, counter, browser } = authenticator;
  if (browser !== null) checkClientData(browser, flags, signed);
  const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest();
  return Buffer.concat([
    sha256(application),
    Buffer.from([flags]),
    sshUint32(counter),
    browser?.extensions ?? Buffer.alloc(0),
    sha256(browser?.clientData ?? signed),
  ]);
}

type Verifier = (signature: SshSignature, signed: Buffer) => boolean;

const VERIFIERS: Readonly<Record<SshKeyType, Verifier>> = {
  'ssh-ed25519': verifyEd25519,
  'ecdsa-sha2-nistp256': (signature, signed) => verifyEcdsa(signature, signed, 'sha256', 32),
  'ecdsa-sha2-nistp384': (signature, signed) => verifyEcdsa(signature, signed, 'sha384', 48),
  'ssh-rsa': verifyRsa,
  'sk-ssh-ed25519@openssh.com': verifyEd25519,
  'sk-ecdsa-sha2-nistp256@openssh.com': (signature, signed) => verifyEcdsa(signature, signed, 'sha256', 32),
};

function verifyEd25519({ publicKey, value }: SshSignature, signed: Buffer): boolean {
  return verify(null, signed, publicKey.key, value);
}

function verifyRsa({ publicKey, type, value }: SshSignature, signed: Buffer): boolean {
  return verify(type === 'rsa-sha2-256' ? 'sha256' : 'sha512', signed, publicKey.key, value);
}

function verifyEcdsa({ publicKey, value }: SshSignature, signed: Buffer, hash: string, bytes: number): boolean {
  const reader = new SshReader(value, 'the signature');
  const numbers = [reader.positiveInteger(), reader.positiveInteger()];
  reader.end();
  if (numbers.some(({ length }) => length > bytes)) return false;
  const fixed = Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(bytes - number.length), number])));
  return verify(hash, signed, { key: publicKey.key, dsaEncoding: 'ieee-p1363' }, fixed);
}
