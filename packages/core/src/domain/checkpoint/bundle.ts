import { Buffer } from 'node:buffer';
import { decodeBase64 } from '../base64.ts';
import { DerError } from '../der/der.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { publicKeySha256 } from '../keys/ed25519.ts';
import { KEY_ID_FORM } from '../keys/keyring/keyring-key.ts';
import { MAX_CHECKPOINT_BYTES, MAX_KEY_ID_LENGTH, MAX_TIMESTAMPS } from '../limits.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';
import { type Envelope, IN_TOTO_PAYLOAD_TYPE } from './dsse.ts';
import { CheckpointError } from './error.ts';

/**
 * A Sigstore bundle v0.3 (sigstore/protobuf-specs), which is how a checkpoint is kept: plain JSON around a DSSE envelope, with the id of
 * a public key or with a certificate, and with timestamps over the signature.
 */

/** A signed envelope as a bundle keeps it. */
export interface SealedEnvelope extends Envelope {
  /** DER of the certificate of the key that signed; absent: whoever verifies has the key. */
  readonly certificate?: Uint8Array;
  /** TimeStampResp in DER (RFC 3161), over the signature; absent: there are none. */
  readonly timestamps?: readonly Uint8Array[];
}

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const ED25519_SIGNATURE_BYTES = 64;
/** ECDSA on P-256 in DER: two integers of at most 33 bytes. */
const MAX_ECDSA_SIGNATURE_BYTES = 72;

/**
 * The bundle of one signed envelope as JSON text, with a final line end. Its hint is the key id. The signature itself has no `keyid`:
 * Go's Sigstore clients compute one from the public key, and skip a signature that names another (docs/checkpoint.md#format).
 */
export function bundleText(envelope: SealedEnvelope): string {
  const { payloadType, payload, signature, keyId, certificate, timestamps = [] } = envelope;
  const stamps = timestamps.map((timestamp) => ({ signedTimestamp: encoded(timestamp) }));
  const bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      ...(certificate === undefined
        ? { publicKey: { hint: keyId } }
        : { certificate: { rawBytes: encoded(certificate) } }),
      tlogEntries: [],
      ...(stamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps: stamps } }),
    },
    dsseEnvelope: {
      payload: encoded(payload),
      payloadType,
      signatures: [{ sig: encoded(signature) }],
    },
  };
  return `${JSON.stringify(bundle)}\n`;
}

function encoded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** A key that a certificate brings is named by what it is. */
export function certificateKeyId({ publicKey }: Certificate): string {
  return `sha256:${publicKeySha256(publicKey)}`;
}

/**
 * Reads a bundle from outside. It must be what `bundleText` writes, in any spelling of its JSON: this one media type and payload type,
 * canonical base64, exactly one signature, one key id or certificate, and no member that is not known. A signature's `keyid`, which version
 * 0.1.0 wrote, is absent, empty, or the key id. Entries of transparency logs, which others may have added, are not looked at; what
 * timestamps say is `domain/timestamp`'s to judge.
 *
 * @throws CheckpointError unreadable
 */
export function parseBundle(bytes: Uint8Array): SealedEnvelope {
  const bundle = object(parseJson(bytes), 'the bundle', ['mediaType', 'verificationMaterial', 'dsseEnvelope']);
  expectText(bundle, 'mediaType', BUNDLE_MEDIA_TYPE);
  const material = object(bundle.get('verificationMaterial'), 'verificationMaterial', [
    'publicKey',
    'certificate',
    'tlogEntries',
    'timestampVerificationData',
  ]);
  const envelope = object(bundle.get('dsseEnvelope'), 'dsseEnvelope', ['payload', 'payloadType', 'signatures']);
  expectText(envelope, 'payloadType', IN_TOTO_PAYLOAD_TYPE);
  const { keyId, certificate } = readKey(material);
  const signature = readSignature(envelope.get('signatures'), keyId, certificate !== undefined);
  const timestamps = readTimestamps(material.get('timestampVerificationData'));
  return {
    payloadType: IN_TOTO_PAYLOAD_TYPE,
    payload: base64(envelope, 'payload'),
    signature,
    keyId,
    ...(certificate === undefined ? {} : { certificate }),
    ...(timestamps.length === 0 ? {} : { timestamps }),
  };
}

/** A public key's id, or a certificate; never both. */
function readKey(material: JsonObject): { readonly keyId: string; readonly certificate?: Uint8Array } {
  if (!material.has('certificate'))
    return { keyId: readHint(object(material.get('publicKey'), 'publicKey', ['hint'])) };
  if (material.has('publicKey')) throw unreadable('verificationMaterial has both a publicKey and a certificate');
  const certificate = base64(object(material.get('certificate'), 'certificate', ['rawBytes']), 'rawBytes');
  try {
    return { keyId: certificateKeyId(readCertificate(certificate)), certificate };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw unreadable(`the certificate cannot be read: ${error.message}`, error);
  }
}

function readTimestamps(value: JsonValue | undefined): readonly Uint8Array[] {
  if (value === undefined) return [];
  const data = object(value, 'timestampVerificationData', ['rfc3161Timestamps']);
  const list = data.get('rfc3161Timestamps');
  if (list === undefined) return [];
  if (list === null || typeof list !== 'object' || !isJsonList(list)) throw unreadable('rfc3161Timestamps is no list');
  if (list.length > MAX_TIMESTAMPS) throw unreadable(`there are more than ${MAX_TIMESTAMPS} timestamps`);
  return list.map((each) => base64(object(each, 'a timestamp', ['signedTimestamp']), 'signedTimestamp'));
}

function readHint(publicKey: JsonObject): string {
  const hint = publicKey.get('hint');
  if (typeof hint !== 'string' || hint.length > MAX_KEY_ID_LENGTH || !KEY_ID_FORM.test(hint)) {
    throw unreadable('the hint of publicKey is not a key id');
  }
  return hint;
}

function readSignature(value: JsonValue | undefined, keyId: string, isEcdsa: boolean): Uint8Array {
  const list = value !== undefined && value !== null && typeof value === 'object' && isJsonList(value) ? value : [];
  const [only, ...others] = list;
  if (only === undefined || others.length > 0) throw unreadable('the envelope must have exactly one signature');
  const entry = object(only, 'the signature', ['sig', 'keyid']);
  const signature = base64(entry, 'sig');
  const named = entry.get('keyid');
  const isLength = isEcdsa
    ? signature.length <= MAX_ECDSA_SIGNATURE_BYTES
    : signature.length === ED25519_SIGNATURE_BYTES;
  if (!isLength) throw unreadable(`the signature has ${signature.length} bytes, which its key does not make`);
  if (named !== undefined && named !== '' && named !== keyId) {
    throw unreadable('the hint of publicKey is not the keyid of the signature');
  }
  return signature;
}

function parseJson(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_CHECKPOINT_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw unreadable(error.message, error);
  }
}

function object(value: JsonValue | undefined, what: string, names: readonly string[]): JsonObject {
  if (!(value instanceof JsonObject)) throw unreadable(`${what} is not an object`);
  for (const name of value.names()) {
    if (!names.includes(name)) throw unreadable(`${what} has a member that is not known`);
  }
  return value;
}

function expectText(value: JsonObject, name: string, expected: string): void {
  if (value.get(name) !== expected) throw unreadable(`${name} must be ${expected}`);
}

function base64(value: JsonObject, name: string): Buffer {
  const text = value.get(name);
  const bytes = typeof text === 'string' ? decodeBase64(text) : undefined;
  if (bytes === undefined) throw unreadable(`${name} is not base64 in its canonical form`);
  return bytes;
}

function unreadable(message: string, cause?: unknown): CheckpointError {
  return new CheckpointError('unreadable', message, { cause });
}
