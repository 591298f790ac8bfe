import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/**
 * Keys and signatures of OpenSSH, made without OpenSSH: also of FIDO authenticators and browsers, which no machine of a test has.
 * Written from PROTOCOL.sshsig and PROTOCOL.u2f, apart from the reader of the product.
 */

export const NAMESPACE = 'release-approval@cavra';

export type SignerType =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ssh-rsa'
  | 'sk-ssh-ed25519@openssh.com'
  | 'sk-ecdsa-sha2-nistp256@openssh.com';

export const SIGNER_TYPES: readonly SignerType[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

export interface SshSigner {
  readonly type: string;
  readonly privateKey: KeyObject;
  readonly blob: Buffer;
  /** Type and base64, as in a `.pub` file. */
  readonly publicKey: string;
  readonly application: string;
}

export interface SigningOptions {
  readonly namespace?: string;
  readonly hash?: string;
  readonly reserved?: string;
  readonly version?: number;
  /** `rsa-sha2-256` or `rsa-sha2-512`; for others the key's own type. */
  readonly signatureType?: string;
  /** Of an authenticator. */
  readonly flags?: number;
  readonly counter?: number;
  /** A browser signs, from this origin ... */
  readonly origin?: string;
  /** ... with these further members of its client data, and extensions. */
  readonly clientData?: (beginning: string) => string;
  readonly extensions?: Buffer;
  /** Puts bytes behind the signature's string. */
  readonly trailing?: Buffer;
  /** Characters of a line of the armor. */
  readonly width?: number;
}

export const text = (value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
};

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function multiple(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const trimmed = bytes.subarray(start);
  return text((trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

export function sshSigner(type: SignerType = 'ssh-ed25519', application = 'ssh:', bits = 3072): SshSigner {
  const { privateKey, publicKey } = keyPair(type, bits);
  const jwk = publicKey.export({ format: 'jwk' });
  const part = (name: 'x' | 'y' | 'n' | 'e') => Buffer.from(String(jwk[name]), 'base64url');
  const point = () => text(Buffer.concat([Buffer.from([4]), part('x'), part('y')]));
  const fields: Readonly<Record<string, () => readonly Buffer[]>> = {
    'ssh-ed25519': () => [text(part('x'))],
    'ecdsa-sha2-nistp256': () => [text('nistp256'), point()],
    'ecdsa-sha2-nistp384': () => [text('nistp384'), point()],
    'ssh-rsa': () => [multiple(part('e')), multiple(part('n'))],
    'sk-ssh-ed25519@openssh.com': () => [text(part('x')), text(application)],
    'sk-ecdsa-sha2-nistp256@openssh.com': () => [text('nistp256'), point(), text(application)],
  };
  const blob = Buffer.concat([text(type), ...(fields[type]?.() ?? [])]);
  return { type, privateKey, blob, publicKey: `${type} ${blob.toString('base64')}`, application };
}

function keyPair(type: string, bits: number) {
  if (type === 'ssh-rsa') return generateKeyPairSync('rsa', { modulusLength: bits });
  if (type.includes('ed25519')) return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: type.endsWith('384') ? 'P-384' : 'P-256' });
}

/** The armored signature over a message. */
export function sshSign(signer: SshSigner, message: Uint8Array | string, options: SigningOptions = {}): Buffer {
  return armor(signatureBlob(signer, Buffer.from(message as string), options), options.width);
}

export function signatureBlob(signer: SshSigner, message: Buffer, options: SigningOptions = {}): Buffer {
  const { namespace = NAMESPACE, hash = 'sha512', reserved = '', version = 1, trailing = Buffer.alloc(0) } = options;
  const digest = createHash(hash === 'sha256' ? 'sha256' : 'sha512')
    .update(message)
    .digest();
  const signed = Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, reserved, hash, digest].map(text)]);
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    uint32(version),
    text(signer.blob),
    text(namespace),
    text(reserved),
    text(hash),
    text(Buffer.concat([innerSignature(signer, signed, options), trailing])),
  ]);
}

function innerSignature(signer: SshSigner, signed: Buffer, options: SigningOptions): Buffer {
  if (!signer.type.startsWith('sk-')) {
    const type = options.signatureType ?? (signer.type === 'ssh-rsa' ? 'rsa-sha2-512' : signer.type);
    return Buffer.concat([text(type), text(rawSignature(signer, signed, type))]);
  }
  const { flags = 1, counter = 7, origin, extensions = Buffer.alloc(0) } = options;
  const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest();
  const browser = origin === undefined ? undefined : Buffer.from(clientDataOf(origin, signed, options));
  const type = options.signatureType ?? `${browser === undefined ? '' : 'webauthn-'}${signer.type}`;
  const device = [sha256(signer.application), Buffer.from([flags]), uint32(counter)];
  const message = Buffer.concat([...device, extensions, sha256(browser ?? signed)]);
  const rest = browser === undefined ? [] : [text(origin ?? ''), text(browser), text(extensions)];
  return Buffer.concat([
    text(type),
    text(rawSignature(signer, message, signer.type)),
    Buffer.from([flags]),
    uint32(counter),
    ...rest,
  ]);
}

function clientDataOf(origin: string, signed: Buffer, { clientData }: SigningOptions): string {
  const challenge = signed.toString('base64url');
  const beginning = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"`;
  return clientData?.(beginning) ?? `${beginning},"crossOrigin":false}`;
}

function rawSignature({ privateKey, type }: SshSigner, message: Buffer, signatureType: string): Buffer {
  if (type.includes('ed25519')) return sign(null, message, privateKey);
  if (type === 'ssh-rsa') return sign(signatureType === 'rsa-sha2-256' ? 'sha256' : 'sha512', message, privateKey);
  const hash = type.endsWith('384') ? 'sha384' : 'sha256';
  const fixed = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const half = fixed.length / 2;
  return Buffer.concat([multiple(fixed.subarray(0, half)), multiple(fixed.subarray(half))]);
}

export function armor(blob: Buffer, width = 70): Buffer {
  const lines = blob.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  return Buffer.from(
    `-----BEGIN SSH SIGNATURE-----\n${lines.map((line) => `${line}\n`).join('')}-----END SSH SIGNATURE-----\n`,
  );
}
