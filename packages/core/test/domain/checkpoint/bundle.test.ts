import { describe, expect, it } from '@jest/globals';
import { BUNDLE_MEDIA_TYPE, bundleText, parseBundle } from '../../../src/domain/checkpoint/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE } from '../../../src/domain/checkpoint/dsse.ts';
import { CheckpointError } from '../../../src/domain/checkpoint/error.ts';
import { MAX_CHECKPOINT_BYTES } from '../../../src/domain/limits.ts';
import { refusalOf } from '../../support/refusal.ts';

const ENVELOPE = {
  payloadType: IN_TOTO_PAYLOAD_TYPE,
  payload: Buffer.from('{"a":1}'),
  signature: Buffer.alloc(64, 7),
  keyId: 'ci-attest-2026-q4',
};
const TEXT = bundleText(ENVELOPE);

type Json = Record<string, unknown>;
interface Changes {
  readonly bundle?: Json;
  readonly material?: Json;
  readonly envelope?: Json;
  readonly signature?: Json;
}

/** The bundle with some members changed; undefined takes one away. */
function changed({ bundle, material, envelope, signature }: Changes): string {
  const original = JSON.parse(TEXT);
  const { verificationMaterial, dsseEnvelope } = original;
  const signatures = [{ ...dsseEnvelope.signatures[0], ...signature }];
  return JSON.stringify({
    ...original,
    verificationMaterial: { ...verificationMaterial, ...material },
    dsseEnvelope: { ...dsseEnvelope, signatures, ...envelope },
    ...bundle,
  });
}

const parse = (text: string) => parseBundle(Buffer.from(text));

it('is a Sigstore bundle v0.3 in one line', () => {
  expect(JSON.parse(TEXT)).toEqual({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'ci-attest-2026-q4' }, tlogEntries: [] },
    dsseEnvelope: {
      payload: 'eyJhIjoxfQ==',
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: Buffer.alloc(64, 7).toString('base64') }],
    },
  });
  expect(TEXT.split('\n')).toEqual([expect.any(String), '']);
});

const base64 = Buffer.alloc(64, 7).toString('base64');
const signature = { sig: base64 };
const named = (id: unknown) => changed({ signature: { keyid: id }, material: { publicKey: { hint: id } } });

describe('reading it again', () => {
  it('gives the envelope', () => {
    expect(parse(TEXT)).toEqual(ENVELOPE);
    expect(parse(changed({}))).toEqual(ENVELOPE);
  });

  it.each([ENVELOPE.keyId, ''])('takes a keyid of %j, as 0.1.0 and other programs write it', (keyid) => {
    expect(parse(changed({ signature: { keyid } }))).toEqual(ENVELOPE);
  });

  it('takes any white space, and what others add about time', () => {
    expect(parse(JSON.stringify(JSON.parse(TEXT), null, 4))).toEqual(ENVELOPE);
    const timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: 'AA==' }] };
    expect(parse(changed({ material: { timestampVerificationData, tlogEntries: undefined } }))).toEqual(ENVELOPE);
  });
});

describe.each<[string, string]>([
  ['nothing', ''],
  ['no JSON', 'checkpoint'],
  ['a list', '[]'],
  ['null', 'null'],
  ['two documents', `${TEXT}${TEXT}`],
  ['a member twice', TEXT.replace('"mediaType"', '"mediaType":"x","mediaType"')],
  ['another media type', changed({ bundle: { mediaType: `${BUNDLE_MEDIA_TYPE};version=0.3` } })],
  ['an older media type', changed({ bundle: { mediaType: BUNDLE_MEDIA_TYPE.replace('0.3', '0.2') } })],
  ['a message signature', changed({ bundle: { messageSignature: {} } })],
  ['no envelope', changed({ bundle: { dsseEnvelope: undefined } })],
  ['a certificate', changed({ material: { certificate: { rawBytes: 'AA==' } } })],
  ['no public key', changed({ material: { publicKey: undefined } })],
  [
    'another hint than its keyid',
    changed({ signature: { keyid: ENVELOPE.keyId }, material: { publicKey: { hint: 'other' } } }),
  ],
  ['another keyid than its hint', changed({ signature: { keyid: 'other' } })],
  ['a keyid that is null', changed({ signature: { keyid: null } })],
  ['a keyid that is a number', changed({ signature: { keyid: 7 } })],
  ['a key beside the hint', changed({ material: { publicKey: { hint: ENVELOPE.keyId, key: 'x' } } })],
  ['another payload type', changed({ envelope: { payloadType: 'application/vnd.in-toto+json ' } })],
  ['a payload type of another case', changed({ envelope: { payloadType: 'application/vnd.in-toto+JSON' } })],
  ['no payload', changed({ envelope: { payload: undefined } })],
  ['an empty payload', changed({ envelope: { payload: '' } })],
  ['a payload that is a list', changed({ envelope: { payload: ['eyJhIjoxfQ=='] } })],
  ['base64 without padding', changed({ envelope: { payload: 'eyJhIjoxfQ' } })],
  ['base64 with other bits behind the last byte', changed({ envelope: { payload: 'eyJhIjoxfR==' } })],
  ['base64url', changed({ envelope: { payload: '-_-_' } })],
  ['base64 with a line end', changed({ envelope: { payload: 'eyJh\nIjoxfQ==' } })],
  ['no signature', changed({ envelope: { signatures: [] } })],
  ['two signatures', changed({ envelope: { signatures: [signature, signature] } })],
  ['signatures that are no list', changed({ envelope: { signatures: { 0: signature } } })],
  ['a signature that is null', changed({ envelope: { signatures: [null] } })],
  ['a short signature', changed({ signature: { sig: 'AAAA' } })],
  ['a long signature', changed({ signature: { sig: `${base64.slice(0, -2)}AA` } })],
  ['a certificate in the signature', changed({ signature: { cert: 'x' } })],
  ['no key id', named(undefined)],
  ['an empty key id', named('')],
  ['a key id with a blank', named('a b')],
  ['a key id that is a number', named(7)],
  ['a key id that is too long', named('k'.repeat(129))],
  ['something deep', '['.repeat(100_000)],
])('a bundle with %s', (_, text) => {
  it('is refused with a code', () => {
    const refusal = refusalOf(() => parse(text));
    expect(refusal).toBeInstanceOf(CheckpointError);
    expect(refusal).toMatchObject({ code: 'unreadable' });
  });
});

it('is not read beyond its limit', () => {
  const large = Buffer.alloc(MAX_CHECKPOINT_BYTES + 1, ' ');
  expect(refusalOf(() => parseBundle(large))).toMatchObject({ code: 'unreadable' });
});
