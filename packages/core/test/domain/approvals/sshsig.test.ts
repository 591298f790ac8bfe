import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  armor,
  multiple,
  NAMESPACE,
  SIGNER_TYPES,
  type SigningOptions,
  signatureBlob,
  sshSign,
  sshSigner,
  text,
  uint32,
} from '../../../../../test/support/ssh-signer.ts';
import { SshSignatureError, type SshSignatureErrorCode } from '../../../src/domain/approvals/sshsig/error.ts';
import { parseSshPublicKey, sshPublicKeyText } from '../../../src/domain/approvals/sshsig/public-key.ts';
import { readSshSignature } from '../../../src/domain/approvals/sshsig/signature.ts';
import { verifySshSignature } from '../../../src/domain/approvals/sshsig/verify.ts';

const VECTORS = new URL('../../../../../test/vectors/sshsig/', import.meta.url);
const vector = (name: string) => readFileSync(new URL(name, VECTORS));
const MESSAGE = Buffer.from('what is approved\n');

/** What our reader makes of it: `verified`, or why not. */
function outcome(armored: Uint8Array, message: Uint8Array = MESSAGE, namespace = NAMESPACE): string {
  try {
    verifySshSignature(readSshSignature(armored), message, namespace);
    return 'verified';
  } catch (error) {
    if (error instanceof SshSignatureError) return error.code;
    throw error;
  }
}

describe('the vectors of OpenSSH', () => {
  const data = vector('signed-data');
  const namespace = vector('namespace').toString();

  it.each(['ecdsa', 'ecdsa_sk', 'ecdsa_sk_webauthn', 'ed25519', 'ed25519_sk', 'rsa'])('%s verifies', (name) => {
    const armored = vector(`${name}.sig`);
    expect(outcome(armored, data, namespace)).toBe('verified');
    const { publicKey } = readSshSignature(armored);
    expect(sshPublicKeyText(publicKey)).toBe(vector(`${name}.pub`).toString().trim());
    expect(parseSshPublicKey(vector(`${name}.pub`).toString().trim()).blob).toEqual(publicKey.blob);
  });

  it.each(['ecdsa', 'ecdsa_sk', 'ecdsa_sk_webauthn', 'ed25519', 'ed25519_sk', 'rsa'])(
    '%s does not verify over other data or under another namespace',
    (name) => {
      const armored = vector(`${name}.sig`);
      const other = name.endsWith('webauthn') ? 'client_data' : 'mismatch';
      expect(outcome(armored, Buffer.concat([data, Buffer.from('x')]), namespace)).toBe(other);
      expect(outcome(armored, data, NAMESPACE)).toBe('namespace');
    },
  );

  it('refuses a type that it does not know', () => {
    expect(outcome(vector('mldsa44-ed25519.sig'), data, namespace)).toBe('key_type');
    expect(() => parseSshPublicKey(vector('mldsa44-ed25519.pub').toString().trim())).toThrow(
      expect.objectContaining({ code: 'key_type' }),
    );
  });
});

describe('each type of key', () => {
  const signers = SIGNER_TYPES.map((type) => [type, sshSigner(type)] as const);

  it.each(signers)('%s verifies with both hashes', (_, signer) => {
    for (const hash of ['sha256', 'sha512']) {
      expect(outcome(sshSign(signer, MESSAGE, { hash }))).toBe('verified');
    }
    expect(sshPublicKeyText(parseSshPublicKey(`${signer.publicKey} ann on a laptop`))).toBe(signer.publicKey);
  });

  it.each(signers)('%s: no other message, namespace or key', (type, signer) => {
    const armored = sshSign(signer, MESSAGE);
    expect(outcome(armored, Buffer.from('what is approved'))).toBe('mismatch');
    expect(outcome(sshSign(signer, MESSAGE, { namespace: 'git' }))).toBe('namespace');
    expect(outcome(sshSign(signer, MESSAGE, { namespace: '' }))).toBe('unreadable');
    const other = sshSigner(type);
    expect(outcome(sshSign({ ...signer, privateKey: other.privateKey }, MESSAGE))).toBe('mismatch');
  });

  it.each(signers)('%s: each changed byte of its signature is noticed', (_, signer) => {
    const blob = signatureBlob(signer, MESSAGE);
    const survivors = [...blob.keys()].filter((at) => {
      const changed = Buffer.from(blob);
      changed.writeUInt8((blob[at] ?? 0) ^ (1 << (at % 8)), at);
      return outcome(armor(changed)) === 'verified';
    });
    expect(survivors).toEqual([]);
  });

  it.each(signers)('%s: each changed byte of its armor is noticed', (_, signer) => {
    const armored = sshSign(signer, MESSAGE);
    const step = Math.ceil(armored.length / 200);
    for (let at = 0; at < armored.length; at += step) {
      for (const byte of [0x0a, 0x0d, 0x20, 0x41, 0x3d, (armored[at] ?? 0) ^ 1]) {
        const changed = Buffer.from(armored);
        changed.writeUInt8(byte, at);
        if (!changed.equals(armored)) expect([at, byte, outcome(changed)]).not.toEqual([at, byte, 'verified']);
      }
    }
  });

  it.each(signers)('%s: cut anywhere, it is no signature', (_, signer) => {
    const blob = signatureBlob(signer, MESSAGE);
    for (const end of blob.keys()) expect(outcome(armor(blob.subarray(0, end)))).toBe('unreadable');
  });
});

describe('the form of a signature', () => {
  const signer = sshSigner();

  it.each<[string, SigningOptions, SshSignatureErrorCode]>([
    ['another version', { version: 2 }, 'unreadable'],
    ['something in reserved', { reserved: 'x' }, 'unreadable'],
    ['another hash', { hash: 'sha1' }, 'hash'],
    ['a hash in capitals', { hash: 'SHA512' }, 'hash'],
    ['bytes behind the signature', { trailing: Buffer.from([0]) }, 'unreadable'],
    ['the signature type of another key', { signatureType: 'ecdsa-sha2-nistp256' }, 'signature_type'],
  ])('%s', (_, options, code) => {
    expect(outcome(sshSign(signer, MESSAGE, options))).toBe(code);
  });

  it('RSA signs with SHA-2 only', () => {
    const rsa = sshSigner('ssh-rsa');
    for (const signatureType of ['rsa-sha2-256', 'rsa-sha2-512']) {
      expect(outcome(sshSign(rsa, MESSAGE, { signatureType }))).toBe('verified');
    }
    expect(outcome(sshSign(rsa, MESSAGE, { signatureType: 'ssh-rsa' }))).toBe('signature_type');
  });

  it('nothing follows the blob', () => {
    expect(outcome(armor(Buffer.concat([signatureBlob(signer, MESSAGE), Buffer.from([0])])))).toBe('unreadable');
  });

  it.each<[string, (armored: string) => string]>([
    ['text before it', (armored) => `x\n${armored}`],
    ['text behind it', (armored) => `${armored}\n`],
    ['no line end at its end', (armored) => armored.slice(0, -1)],
    ['Windows line ends', (armored) => armored.replaceAll('\n', '\r\n')],
    ['a blank line', (armored) => armored.replace('\n', '\n\n')],
    ['blanks', (armored) => armored.replace('\n-----END', ' \n-----END')],
    ['lines of several lengths', (armored) => armored.replace(/\n(.{10})/, '\n$1\n')],
    [
      'no line end in the body',
      (armored) => armored.replace('-----\n-----', '----------').replace(/=?\n-----END/, '-----END'),
    ],
    ['nothing in it', () => '-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n'],
    ['another label', (armored) => armored.replaceAll('SSH SIGNATURE', 'SSH2 SIGNATURE')],
    ['nothing', () => ''],
    ['other base64', (armored) => armored.replace('U1NIU0lH', 'U1NI_0lH')],
    ['too much of it', (armored) => armored.replace('\n-----END', `${'A\n'.repeat(9_000)}\n-----END`)],
  ])('%s', (_, change) => {
    expect(outcome(Buffer.from(change(sshSign(signer, MESSAGE).toString())))).toBe('unreadable');
  });

  it('lines of any one length', () => {
    for (const width of [1, 64, 70, 76]) expect(outcome(sshSign(signer, MESSAGE, { width }))).toBe('verified');
    expect(outcome(sshSign(signer, MESSAGE, { width: 77 }))).toBe('unreadable');
  });
});

describe('public keys', () => {
  const refusal = (key: string) => {
    try {
      return parseSshPublicKey(key).type;
    } catch (error) {
      return error instanceof SshSignatureError ? error.code : error;
    }
  };
  const line = (type: string, ...parts: readonly Buffer[]) =>
    `${type} ${Buffer.concat([text(type), ...parts]).toString('base64')}`;
  const { publicKey, blob } = sshSigner();
  const ed25519 = text(Buffer.alloc(32, 9));
  const [p256 = '', p384 = ''] = (['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384'] as const).map(
    (type) => sshSigner(type).publicKey,
  );
  const modulus = Buffer.alloc(384, 0xd1);
  const rsa = (e: Buffer, n: Buffer) => line('ssh-rsa', e, n);
  const f4 = multiple(Buffer.from([1, 0, 1]));

  it.each<[string, string, SshSignatureErrorCode]>([
    ['nothing', '', 'unreadable'],
    ['the type alone', 'ssh-ed25519', 'unreadable'],
    ['two lines', `${publicKey}\n${publicKey}`, 'unreadable'],
    ['an option before it', `cert-authority ${publicKey}`, 'unreadable'],
    ['two blanks', publicKey.replace(' ', '  '), 'unreadable'],
    [
      'base64 without its padding',
      line('sk-ssh-ed25519@openssh.com', ed25519, text('ssh:12')).replace(/=+$/, ''),
      'unreadable',
    ],
    ['bytes behind the key', line('ssh-ed25519', ed25519, Buffer.from([0])), 'unreadable'],
    ['a length beyond the end', line('ssh-ed25519', uint32(0xffffffff)), 'unreadable'],
    ['another type than it says', publicKey.replace('ssh-ed25519', 'ssh-rsa'), 'key_type'],
    ['DSA', line('ssh-dss', ed25519), 'key_type'],
    ['P-521', line('ecdsa-sha2-nistp521', text('nistp521'), text(Buffer.alloc(133, 4))), 'key_type'],
    ['a certificate', line('ssh-ed25519-cert-v01@openssh.com', ed25519, ed25519), 'certificate'],
    ['a certificate of a FIDO key', line('sk-ssh-ed25519-cert-v01@openssh.com', ed25519), 'certificate'],
    ['a browser’s signature type', line('webauthn-sk-ecdsa-sha2-nistp256@openssh.com', ed25519), 'key_type'],
    ['a short Ed25519 key', line('ssh-ed25519', text(Buffer.alloc(31, 9))), 'key_unusable'],
    ['a curve that is not the type’s', p256.replace('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384'), 'key_type'],
    [
      'a point of another curve',
      line('ecdsa-sha2-nistp256', text('nistp384'), text(Buffer.alloc(97, 4))),
      'key_unusable',
    ],
    [
      'a point that is on no curve',
      line('ecdsa-sha2-nistp256', text('nistp256'), text(Buffer.alloc(65, 4))),
      'key_unusable',
    ],
    ['a compressed point', line('ecdsa-sha2-nistp256', text('nistp256'), text(Buffer.alloc(33, 2))), 'key_unusable'],
    ['a FIDO key without application', line('sk-ssh-ed25519@openssh.com', ed25519, text('')), 'unreadable'],
    ['RSA of 3071 bits', rsa(f4, multiple(Buffer.concat([Buffer.from([0x7f]), modulus.subarray(1)]))), 'key_unusable'],
    ['RSA of 16392 bits', rsa(f4, multiple(Buffer.alloc(2049, 0xd1))), 'key_unusable'],
    ['RSA with the exponent 3', rsa(multiple(Buffer.from([3])), multiple(modulus)), 'key_unusable'],
    ['RSA with a negative modulus', rsa(f4, text(modulus)), 'unreadable'],
    ['RSA with a modulus of two encodings', rsa(f4, text(Buffer.concat([Buffer.from([0, 0]), modulus]))), 'unreadable'],
    ['RSA without modulus', rsa(f4, text('')), 'unreadable'],
    [
      'a name with a control character',
      `ssh-ed25519 ${Buffer.concat([text('ssh-ed2551\0'), ed25519]).toString('base64')}`,
      'unreadable',
    ],
  ])('%s', (_, key, code) => {
    expect(refusal(key)).toBe(code);
  });

  it('takes those of every accepted type', () => {
    expect([publicKey, p256, p384].map(refusal)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384']);
    expect(refusal(rsa(f4, multiple(modulus)))).toBe('ssh-rsa');
    expect(parseSshPublicKey(publicKey).blob).toEqual(blob);
  });
});

describe('an authenticator', () => {
  const types = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const;
  const signers = types.map((type) => [type, sshSigner(type)] as const);

  it.each(signers)('%s: its flags and counter are what it signed', (_, signer) => {
    for (const [flags, userPresence, userVerification] of [
      [0, false, false],
      [1, true, false],
      [4, false, true],
      [5, true, true],
      [29, true, true],
    ] as const) {
      const armored = sshSign(signer, MESSAGE, { flags, counter: 4_294_967_295 });
      expect(outcome(armored)).toBe('verified');
      const { authenticator } = readSshSignature(armored);
      expect(authenticator).toMatchObject({ flags, userPresence, userVerification, counter: 4_294_967_295 });
    }
  });

  it.each(signers)('%s: a touch cannot be added afterwards', (_, signer) => {
    const blob = signatureBlob(signer, MESSAGE, { flags: 0, counter: 7 });
    blob.writeUInt8(5, blob.length - 5);
    const armored = armor(blob);
    expect(readSshSignature(armored).authenticator).toMatchObject({ userPresence: true, userVerification: true });
    expect(outcome(armored)).toBe('mismatch');
  });

  it('is known for one application', () => {
    const [, signer] = signers[0] ?? [];
    if (signer === undefined) throw new Error('there is no signer');
    expect(outcome(sshSign({ ...signer, application: 'ssh:other' }, MESSAGE))).toBe('mismatch');
  });
});

describe('a browser', () => {
  const origin = 'https://approve.example.com';
  const signer = sshSigner('sk-ecdsa-sha2-nistp256@openssh.com', 'example.com');

  it.each<[string, SigningOptions]>([
    ['as browsers write it', {}],
    ['without crossOrigin', { clientData: (beginning) => `${beginning}}` }],
    ['with members of its own', { clientData: (beginning) => `${beginning},"crossOrigin":false,"x":{"y":[1]}}` }],
    ['with extensions', { flags: 0x85, extensions: Buffer.from([0xa0]) }],
  ])('signs %s', (_, options) => {
    const armored = sshSign(signer, MESSAGE, { origin, ...options });
    expect(outcome(armored)).toBe('verified');
    expect(readSshSignature(armored)).toMatchObject({
      type: 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
      authenticator: { browser: { origin } },
    });
  });

  it.each<[string, SigningOptions]>([
    ['within the frame of another page', { clientData: (beginning) => `${beginning},"crossOrigin":true}` }],
    ['with crossOrigin as a word', { clientData: (beginning) => `${beginning},"crossOrigin":"false"}` }],
    [
      'another origin than it says',
      { clientData: (beginning) => `${beginning.replace(origin, 'https://evil.example')}}` },
    ],
    ['an origin that begins alike', { clientData: (beginning) => `${beginning.slice(0, -1)}.evil.example"}` }],
    ['two origins', { clientData: (beginning) => `${beginning},"origin":"https://evil.example"}` }],
    ['no JSON', { clientData: (beginning) => beginning }],
    ['JSON and more', { clientData: (beginning) => `${beginning}}}` }],
    ['a registration', { clientData: (beginning) => `${beginning.replace('webauthn.get', 'webauthn.create')}}` }],
    ['members in another order', { clientData: (beginning) => `{"origin":"${origin}",${beginning.slice(1)}}` }],
    ['attested data', { flags: 0x41 }],
    ['extensions that its flags deny', { extensions: Buffer.from([0xa0]) }],
    ['flags of extensions that are not there', { flags: 0x81 }],
  ])('is refused: %s', (_, options) => {
    expect(outcome(sshSign(signer, MESSAGE, { origin, ...options }))).toBe('client_data');
  });

  it.each(['https://a.example"', 'https://a.example\\"', 'https://a.example","x":"'])(
    'an origin is a text: %s',
    (odd) => {
      expect(outcome(sshSign(signer, MESSAGE, { origin: odd }))).toBe('client_data');
    },
  );

  it('signs one message', () => {
    expect(outcome(sshSign(signer, MESSAGE, { origin }), Buffer.from('another'))).toBe('client_data');
  });

  it('has no key of Ed25519', () => {
    const ed25519 = sshSigner('sk-ssh-ed25519@openssh.com');
    expect(outcome(sshSign(ed25519, MESSAGE, { origin }))).toBe('signature_type');
  });
});
