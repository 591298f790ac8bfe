import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, VerificationError, Verifier } from '@sigstore/verify';
import { readRepositoryFile } from '../../../../../test/support/repository.ts';
import { bundleText, parseBundle } from '../../../src/domain/checkpoint/bundle.ts';
import { openCheckpoint, signCheckpoint } from '../../../src/domain/checkpoint/checkpoint.ts';
import { IN_TOTO_PAYLOAD_TYPE, signEnvelope } from '../../../src/domain/checkpoint/dsse.ts';
import { CheckpointError } from '../../../src/domain/checkpoint/error.ts';
import { statementBytes } from '../../../src/domain/checkpoint/statement.ts';
import { ed25519PublicKeys, publicKeyPem } from '../../../src/domain/keys/ed25519.ts';
import { attestationKey, sha256, statementOf, trusted } from '../../support/checkpoints.ts';
import { refusalOf } from '../../support/refusal.ts';
import { sealChain } from '../../support/streams.ts';

const KEY = attestationKey('ci-attest-2026-q4');
const OTHER = attestationKey('ci-attest-2027-q1', 2);
const STATEMENT = statementOf(sealChain([{}, {}, {}]), KEY.id);
const TEXT = signCheckpoint(STATEMENT, KEY);
const BUNDLE = JSON.parse(TEXT);
const PAYLOAD = Buffer.from(BUNDLE.dsseEnvelope.payload, 'base64');

/** The same bundle around other bytes or another signature. */
function forged(changes: { readonly payload?: Uint8Array; readonly sig?: string }): string {
  const { payload = PAYLOAD, sig = BUNDLE.dsseEnvelope.signatures[0].sig } = changes;
  const dsseEnvelope = {
    ...BUNDLE.dsseEnvelope,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ sig, keyid: KEY.id }],
  };
  return JSON.stringify({ ...BUNDLE, dsseEnvelope });
}

const shorter = Buffer.from(PAYLOAD.toString().replace('"record_count":3', '"record_count":2'));
const otherSignature = JSON.parse(signCheckpoint(STATEMENT, OTHER)).dsseEnvelope.signatures[0].sig;

/** Whatever is done to a checkpoint without its key. */
const FORGERIES: readonly (readonly [string, string])[] = [
  ['a changed statement', forged({ payload: shorter })],
  ['a cut statement', forged({ payload: PAYLOAD.subarray(0, -1) })],
  ['a statement with something behind it', forged({ payload: Buffer.concat([PAYLOAD, Buffer.from('\n')]) })],
  ['a swapped statement', forged({ payload: statementBytes(statementOf(sealChain([{}]), KEY.id)) })],
  ['a swapped signature', forged({ sig: otherSignature })],
  ['a changed signature', forged({ sig: Buffer.alloc(64, 9).toString('base64') })],
];

describe('openCheckpoint', () => {
  it('reads what signCheckpoint wrote', () => {
    const checkpoint = openCheckpoint(Buffer.from(TEXT), [trusted(OTHER), trusted(KEY)]);
    expect(checkpoint).toMatchObject({ statement: STATEMENT, statementSha256: sha256(PAYLOAD), keyId: KEY.id });
    expect(checkpoint.signer?.id).toBe(KEY.id);
  });

  it('finds the key by itself where it was given without a name', () => {
    const unnamed = [OTHER, KEY].map((key) => ({ ...trusted(key), id: undefined }));
    expect(openCheckpoint(Buffer.from(TEXT), unnamed).signer?.publicKey).toBe(KEY.publicKey);
  });

  it('does not say that a signature is good when no key is given', () => {
    expect(openCheckpoint(Buffer.from(TEXT), []).signer).toBeUndefined();
  });

  it.each(FORGERIES)('refuses %s', (_, text) => {
    const refusal = refusalOf(() => openCheckpoint(Buffer.from(text), [trusted(KEY)]));
    expect(refusal).toBeInstanceOf(CheckpointError);
    expect(refusal).toMatchObject({ code: 'signature_mismatch' });
  });

  it('refuses a key that is not trusted, and one of the same name', () => {
    const byOther = Buffer.from(signCheckpoint(statementOf(sealChain([{}]), OTHER.id), OTHER));
    expect(refusalOf(() => openCheckpoint(byOther, [trusted(KEY)]))).toMatchObject({ code: 'key_unknown' });
    const impostor = Buffer.from(signCheckpoint(STATEMENT, { ...OTHER, id: KEY.id }));
    expect(refusalOf(() => openCheckpoint(impostor, [trusted(KEY)]))).toMatchObject({ code: 'signature_mismatch' });
  });

  it('refuses a name on the bundle that the signature does not cover', () => {
    const renamed = bundleText({ ...signEnvelope(IN_TOTO_PAYLOAD_TYPE, PAYLOAD, KEY), keyId: 'ci-attest-2099-q4' });
    const trust = [{ ...trusted(KEY), id: undefined }];
    expect(refusalOf(() => openCheckpoint(Buffer.from(renamed), trust))).toMatchObject({ code: 'unreadable' });
  });

  it('does not look at a statement before it knows whose it is', () => {
    const hostile = forged({ payload: Buffer.from('{"_type":') });
    expect(refusalOf(() => openCheckpoint(Buffer.from(hostile), [trusted(KEY)]))).toMatchObject({
      code: 'signature_mismatch',
    });
    const signed = bundleText(signEnvelope(IN_TOTO_PAYLOAD_TYPE, Buffer.from('{"_type":'), KEY));
    expect(refusalOf(() => openCheckpoint(Buffer.from(signed), [trusted(KEY)]))).toMatchObject({ code: 'unreadable' });
  });

  it('refuses every bundle of which one byte differs, or finds the same statement in it', () => {
    const original = Buffer.from(TEXT);
    const outcomes = new Set<string>();
    for (let at = 0; at < original.length; at += 7) {
      const changed = Buffer.from(original);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      try {
        expect(openCheckpoint(changed, [trusted(KEY)]).statement).toEqual(STATEMENT);
        outcomes.add('same');
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        outcomes.add(error.code);
      }
    }
    expect(outcomes).toContain('signature_mismatch');
    expect(outcomes).toContain('unreadable');
  });
});

describe('the signature names no key, which Go’s Sigstore clients compute from the public key', () => {
  const fixture = (name: string) => readRepositoryFile(`test/fixtures/cosign-keyid/${name}`);
  const [publicKey] = ed25519PublicKeys(fixture('attestation.pub'), 'the fixture');

  it.each(['accepted.sigstore.json', 'refused.sigstore.json'])(
    '%s is read here, and written again as they accept it',
    (name) => {
      if (publicKey === undefined) throw new Error('the fixture has no key');
      const trust = [{ id: undefined, publicKey, period: { status: 'active' as const } }];
      expect(openCheckpoint(Buffer.from(fixture(name)), trust).keyId).toBe('ci-attestation-2099-q4');
      const written = JSON.parse(bundleText(parseBundle(Buffer.from(fixture(name)))));
      const { dsseEnvelope, ...rest } = JSON.parse(fixture('accepted.sigstore.json'));
      const [{ sig }] = dsseEnvelope.signatures;
      expect(written).toEqual({ ...rest, dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig }] } });
    },
  );
});

describe('others verify it too', () => {
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: [],
      tlogs: [],
      ctlogs: [],
      publicKey: (hint) => ({ publicKey: (hint === KEY.id ? KEY : OTHER).publicKey, validFor: () => true }),
    },
    { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
  const sigstore = (text: string) => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text))));

  it('the Sigstore library', () => {
    expect(sigstore(TEXT).key).toBe(KEY.publicKey);
  });

  it.each(FORGERIES)('the Sigstore library refuses %s', (_, text) => {
    const refusal = refusalOf(() => sigstore(text));
    expect(refusal).toBeInstanceOf(VerificationError);
    expect(refusal).toMatchObject({ code: 'SIGNATURE_ERROR' });
  });

  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-openssl-'));
    writeFileSync(join(folder, 'key.pem'), publicKeyPem(KEY.publicKey));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The pre-authentication encoding written down here once more, from its specification. */
  function openssl(text: string): string {
    const { payload, payloadType, signatures } = JSON.parse(text).dsseEnvelope;
    const body = Buffer.from(payload, 'base64');
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
    writeFileSync(join(folder, 'pae'), pae);
    writeFileSync(join(folder, 'sig'), Buffer.from(signatures[0].sig, 'base64'));
    const args = ['-verify', '-pubin', '-inkey', 'key.pem', '-rawin', '-in', 'pae', '-sigfile', 'sig'];
    return execFileSync('openssl', ['pkeyutl', ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  }

  it('openssl', () => {
    expect(openssl(TEXT)).toContain('Signature Verified Successfully');
  });

  it.each(FORGERIES)('openssl refuses %s', (_, text) => {
    expect(refusalOf(() => openssl(text))).toMatchObject({ status: 1 });
  });
});
