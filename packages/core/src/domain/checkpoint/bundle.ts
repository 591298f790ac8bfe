import { Buffer } from 'node:buffer';
import { decodeBase64 } from '../base64.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { KEY_ID_FORM } from '../keys/keyring-key.ts';
import { MAX_CHECKPOINT_BYTES, MAX_KEY_ID_LENGTH } from '../limits.ts';
import { type Envelope, IN_TOTO_PAYLOAD_TYPE } from './dsse.ts';
import { CheckpointError } from './error.ts';

/** A Sigstore bundle v0.3 with a public key (sigstore/protobuf-specs), which is how a checkpoint is kept: plain JSON around a DSSE envelope. */

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const SIGNATURE_BYTES = 64;

/**
 * The bundle of one signed envelope as JSON text, with a final line end. Its hint is the key id. The signature itself has no `keyid`:
 * Go's Sigstore clients compute one from the public key, and skip a signature that names another (docs/checkpoint.md#format).
 */
export function bundleText({ payloadType, payload, signature, keyId }: Envelope): string {
  const bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyId }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: [{ sig: Buffer.from(signature).toString('base64') }],
    },
  };
  return `${JSON.stringify(bundle)}\n`;
}

/**
 * Reads a bundle from outside. It must be what `bundleText` writes, in any spelling of its JSON: this one media type and payload type,
 * canonical base64, exactly one signature of 64 bytes, one key id, and no member that is not known. A signature's `keyid`, which version
 * 0.1.0 wrote, is absent, empty, or the key id. Entries of transparency logs and
 * timestamps, which others may have added, are not looked at.
 *
 * @throws CheckpointError unreadable
 */
export function parseBundle(bytes: Uint8Array): Envelope {
  const bundle = object(parseJson(bytes), 'the bundle', ['mediaType', 'verificationMaterial', 'dsseEnvelope']);
  expectText(bundle, 'mediaType', BUNDLE_MEDIA_TYPE);
  const material = object(bundle.get('verificationMaterial'), 'verificationMaterial', [
    'publicKey',
    'tlogEntries',
    'timestampVerificationData',
  ]);
  const publicKey = object(material.get('publicKey'), 'publicKey', ['hint']);
  const envelope = object(bundle.get('dsseEnvelope'), 'dsseEnvelope', ['payload', 'payloadType', 'signatures']);
  expectText(envelope, 'payloadType', IN_TOTO_PAYLOAD_TYPE);
  const keyId = readHint(publicKey);
  const signature = readSignature(envelope.get('signatures'), keyId);
  return { payloadType: IN_TOTO_PAYLOAD_TYPE, payload: base64(envelope, 'payload'), signature, keyId };
}

function readHint(publicKey: JsonObject): string {
  const hint = publicKey.get('hint');
  if (typeof hint !== 'string' || hint.length > MAX_KEY_ID_LENGTH || !KEY_ID_FORM.test(hint)) {
    throw unreadable('the hint of publicKey is not a key id');
  }
  return hint;
}

function readSignature(value: JsonValue | undefined, keyId: string): Uint8Array {
  const list = value !== undefined && value !== null && typeof value === 'object' && isJsonList(value) ? value : [];
  const [only, ...others] = list;
  if (only === undefined || others.length > 0) throw unreadable('the envelope must have exactly one signature');
  const entry = object(only, 'the signature', ['sig', 'keyid']);
  const signature = base64(entry, 'sig');
  const named = entry.get('keyid');
  if (signature.length !== SIGNATURE_BYTES) throw unreadable(`the signature has ${signature.length} bytes, not 64`);
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
