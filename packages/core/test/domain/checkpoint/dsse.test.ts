import { createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isSignedBy, preAuthenticationEncoding, signEnvelope } from '../../../src/domain/checkpoint/dsse.ts';
import { ed25519PrivateKey } from '../../../src/domain/keys/ed25519-private.ts';
import { attestationKey } from '../../support/checkpoints.ts';

describe('the pre-authentication encoding', () => {
  it('is that of the test vector of the DSSE specification', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(encoded.toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it('is what the signature of that vector was made over', () => {
    const base64url = (decimal: bigint) =>
      Buffer.from(decimal.toString(16).padStart(64, '0'), 'hex').toString('base64url');
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: base64url(46950820868899156662930047687818585632848591499744589407958293238635476079160n),
        y: base64url(5640078356564379163099075877009565129882514886557779369047442380624545832820n),
      },
    });
    const signature = Buffer.from(
      'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
      'base64',
    );
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
    expect(verify('sha256', encoded, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it('counts bytes, not characters, and takes any byte', () => {
    expect(preAuthenticationEncoding('ü', Buffer.from([0, 255]))).toEqual(
      Buffer.concat([Buffer.from('DSSEv1 2 ü 2 '), Buffer.from([0, 255])]),
    );
    expect(preAuthenticationEncoding('', Buffer.alloc(0)).toString()).toBe('DSSEv1 0  0 ');
  });
});

describe('Ed25519', () => {
  /** RFC 8032 section 7.1: secret key, public key, message, signature. */
  it.each([
    [
      'TEST 1',
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      'TEST 2',
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'TEST 3',
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('signs %s of RFC 8032 with a key as it is configured', (_, secret, publicKey, message, signature) => {
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(secret, 'hex')]);
    const pair = ed25519PrivateKey(der.toString('base64'), 'the key');
    expect(pair.publicKey.export({ format: 'jwk' }).x).toBe(Buffer.from(publicKey, 'hex').toString('base64url'));
    expect(sign(null, Buffer.from(message, 'hex'), pair.privateKey).toString('hex')).toBe(signature);
  });

  it('does not take a signature whose S is not reduced (RFC 8032 section 5.1.7)', () => {
    const key = attestationKey('a');
    const envelope = signEnvelope('type', Buffer.from('payload'), key);
    const order = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;
    const s = BigInt(`0x${Buffer.from(envelope.signature).subarray(32).reverse().toString('hex')}`) + order;
    const malleable = Buffer.concat([
      Buffer.from(envelope.signature).subarray(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(),
    ]);
    expect(isSignedBy(envelope, key.publicKey)).toBe(true);
    expect(isSignedBy({ ...envelope, signature: malleable }, key.publicKey)).toBe(false);
  });
});

describe('an envelope', () => {
  const key = attestationKey('a');
  const envelope = signEnvelope('type', Buffer.from('payload'), key);

  it('is signed by its key and by no other', () => {
    expect(envelope.signature).toHaveLength(64);
    expect(isSignedBy(envelope, key.publicKey)).toBe(true);
    expect(isSignedBy(envelope, attestationKey('a', 2).publicKey)).toBe(false);
  });

  it('is bound to its payload, its type, and where one ends', () => {
    expect(isSignedBy({ ...envelope, payloadType: 'type ' }, key.publicKey)).toBe(false);
    expect(isSignedBy({ ...envelope, payload: Buffer.from('payloae') }, key.publicKey)).toBe(false);
    expect(isSignedBy({ ...envelope, payload: Buffer.alloc(0) }, key.publicKey)).toBe(false);
  });

  it.each([0, 31, 32, 63])('is not signed by a signature that differs in byte %d', (at) => {
    const signature = Buffer.from(envelope.signature);
    signature[at] = (signature[at] ?? 0) ^ 0x20;
    expect(isSignedBy({ ...envelope, signature }, key.publicKey)).toBe(false);
  });

  it.each([0, 63, 65])('is not signed by %d bytes', (length) => {
    expect(isSignedBy({ ...envelope, signature: Buffer.alloc(length) }, key.publicKey)).toBe(false);
  });
});
