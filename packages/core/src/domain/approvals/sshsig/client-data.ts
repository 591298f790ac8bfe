import { Buffer } from 'node:buffer';
import { JsonError } from '../../json/error.ts';
import { parseStrictJson } from '../../json/parse.ts';
import { JsonObject } from '../../json/value.ts';
import { MAX_SSH_SIGNATURE_BYTES } from '../../limits.ts';
import { SshSignatureError } from './error.ts';
import type { Authenticator } from './signature.ts';

/** Flags of WebAuthn's authenticator data (Web Authentication, section 6.1). */
const ATTESTED_CREDENTIAL = 0x40;
const EXTENSIONS = 0x80;

/**
 * Checks what a browser had its authenticator sign: an assertion over exactly this data, from the named origin, and not from a frame
 * within another one. OpenSSH looks at the beginning of the client data alone.
 *
 * @param signed what OpenSSH would have signed; its base64url is the challenge
 * @throws SshSignatureError client_data
 */
export function checkClientData(
  { origin, clientData, extensions }: NonNullable<Authenticator['browser']>,
  flags: number,
  signed: Buffer,
): void {
  const challenge = signed.toString('base64url');
  const beginning = `{"type":"webauthn.get","challenge":"${challenge}","origin":"${origin}"`;
  if (!clientData.subarray(0, Buffer.byteLength(beginning)).equals(Buffer.from(beginning))) {
    throw refusal('the browser did not sign this statement from this origin');
  }
  const data = parse(clientData);
  // Whatever stands behind the beginning cannot say otherwise: two members of one name are not accepted.
  const said = [data.get('type'), data.get('challenge'), data.get('origin')];
  if (said.join('\n') !== ['webauthn.get', challenge, origin].join('\n')) {
    throw refusal('the client data contradicts itself');
  }
  if ((data.get('crossOrigin') ?? false) !== false)
    throw refusal('the browser signed within the frame of another page');
  const extended = (flags & EXTENSIONS) !== 0;
  if ((flags & ATTESTED_CREDENTIAL) !== 0 || extended !== extensions.length > 0) {
    throw refusal('the flags of the authenticator contradict its data');
  }
}

function parse(clientData: Buffer): JsonObject {
  try {
    const value = parseStrictJson(clientData, { maxBytes: MAX_SSH_SIGNATURE_BYTES });
    if (value instanceof JsonObject) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw refusal('the client data is no JSON object');
}

function refusal(problem: string): SshSignatureError {
  return new SshSignatureError('client_data', problem);
}
