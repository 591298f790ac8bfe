import { Buffer } from 'node:buffer';
import { createHash, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { isSignedBy, signEnvelope } from '../checkpoint/dsse.ts';
import { RuntimeFailure } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_DAEMON_ANSWER_BYTES } from '../limits.ts';
import { encodeRequest } from '../wire/encode.ts';
import type { EvaluateRequest } from '../wire/messages.ts';

/**
 * Signed answers of a daemon (docs/daemon-protocol.md): a DSSE envelope around the answer's JSON, Ed25519 over DSSE's pre-authentication
 * encoding, so that the signature is over exact bytes and serves as nothing else.
 */

export const ANSWER_PAYLOAD_TYPE = 'application/vnd.cavra.daemon-answer.v1+json';

/** The key with which a daemon signs its answers. */
export interface AnswerKey {
  readonly id: string;
  /** Ed25519. */
  readonly privateKey: KeyObject;
}

/** SHA-256 of a request with its proof, which an answer repeats: lower-case hex. */
export function askedDigest(request: EvaluateRequest): string {
  return createHash('sha256').update(encodeRequest(request)).digest('hex');
}

/**
 * Signs an answer.
 *
 * @param payload the answer's JSON
 * @returns one line without its line end
 */
export function sealAnswer(payload: string, key: AnswerKey): string {
  const bytes = Buffer.from(payload, 'utf8');
  const { signature } = signEnvelope(ANSWER_PAYLOAD_TYPE, bytes, key);
  return JSON.stringify({
    payloadType: ANSWER_PAYLOAD_TYPE,
    payload: bytes.toString('base64'),
    signatures: [{ keyid: key.id, sig: Buffer.from(signature).toString('base64') }],
  });
}

/**
 * Checks an answer's signature and gives its content.
 *
 * @param line without its line end
 * @param publicKeys the pinned ones; one of them must have signed
 * @throws RuntimeFailure CAVRA-E521 it is no answer, or another key signed it
 */
export function openAnswer(line: Uint8Array, publicKeys: readonly KeyObject[]): JsonObject {
  const envelope = parse(line, 'the answer');
  if (envelope.get('payloadType') !== ANSWER_PAYLOAD_TYPE) {
    throw untrusted(`the answer is not signed as ${ANSWER_PAYLOAD_TYPE}`);
  }
  const payload = decodedText(envelope.get('payload'));
  const signatures = signaturesOf(envelope.get('signatures'));
  if (payload === undefined || signatures.length === 0) {
    throw untrusted('the answer has no signature, or is malformed');
  }
  const isPinned = (signature: Uint8Array) => {
    const signed = { payloadType: ANSWER_PAYLOAD_TYPE, payload, signature, keyId: '' };
    return publicKeys.some((key) => isSignedBy(signed, key));
  };
  if (!signatures.some(isPinned)) {
    throw untrusted('the answer is not signed by the pinned key');
  }
  return parse(payload, 'the signed answer');
}

const MAX_SIGNATURES = 4;

function signaturesOf(value: JsonValue | undefined): Uint8Array[] {
  if (value === undefined || value === null || typeof value !== 'object' || !isJsonList(value)) {
    return [];
  }
  return value.slice(0, MAX_SIGNATURES).flatMap((item) => {
    const signature = item instanceof JsonObject ? decodedText(item.get('sig')) : undefined;
    return signature === undefined ? [] : [signature];
  });
}

function decodedText(value: JsonValue | undefined): Uint8Array | undefined {
  return typeof value === 'string' ? decodeBase64(value) : undefined;
}

function parse(bytes: Uint8Array, what: string): JsonObject {
  try {
    const value = parseStrictJson(bytes, { maxBytes: MAX_DAEMON_ANSWER_BYTES });
    if (value instanceof JsonObject) {
      return value;
    }
  } catch (error) {
    if (!(error instanceof JsonError)) {
      throw error;
    }
    throw untrusted(`${what} is not JSON: ${error.message}`, { cause: error });
  }
  throw untrusted(`${what} is not a JSON object`);
}

function untrusted(message: string, options?: ErrorOptions): RuntimeFailure {
  return new RuntimeFailure('CAVRA-E521', message, options);
}
