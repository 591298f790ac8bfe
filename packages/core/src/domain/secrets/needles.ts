import { Buffer } from 'node:buffer';
import { MIN_SEARCHABLE_SECRET_BYTES, MIN_SEARCHABLE_SECRET_LINE_BYTES } from '../limits.ts';

/** A configured secret: a key, a token, a password. Text stands for its UTF-8 bytes. */
export interface ConfiguredSecret {
  /** What a report calls it, for example the name of its environment variable. */
  readonly name: string;
  readonly value: string | Uint8Array;
}

/** Bytes that must not be found. */
export interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Needles {
  readonly needles: readonly Needle[];
  /** Names of the secrets that are too short to be searched for. */
  readonly notSearchable: readonly string[];
}

/** Line ends as they are and as `\n` written out, which is how a PEM key gets into one variable. */
const LINE_ENDS = /(?:\r|\n|\\r|\\n)+/;
const HEX_TEXT = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64_TEXT = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * What to search for: each secret without surrounding white space, its longer lines one by one, and, where it is hex or base64
 * itself, the bytes it stands for (so that it is found in other letter case, alphabet or wrapping). An empty value is not a secret.
 */
export function prepareNeedles(secrets: readonly ConfiguredSecret[]): Needles {
  const needles = new Map<string, Needle>();
  const notSearchable: string[] = [];
  for (const { name, value } of secrets) {
    const whole = trimmed(value);
    if (whole.length === 0) {
      continue;
    }
    if (whole.length < MIN_SEARCHABLE_SECRET_BYTES) {
      notSearchable.push(name);
      continue;
    }
    for (const bytes of [whole, ...lines(whole), ...decoded(whole)]) {
      needles.set(`${bytes.toString('hex')} ${name}`, { name, bytes });
    }
  }
  return { needles: [...needles.values()], notSearchable };
}

function trimmed(value: string | Uint8Array): Buffer {
  if (typeof value === 'string') {
    return Buffer.from(value.trim(), 'utf8');
  }
  return Buffer.from(Buffer.from(value).toString('latin1').trim(), 'latin1');
}

function lines(secret: Buffer): Buffer[] {
  const all = secret.toString('latin1').split(LINE_ENDS);
  return all.length === 1 ? [] : all.map((line) => Buffer.from(line.trim(), 'latin1')).filter(isTelling);
}

/** Long enough not to match by chance, and not the armour that every PEM file has. */
function isTelling(line: Buffer): boolean {
  return line.length >= MIN_SEARCHABLE_SECRET_LINE_BYTES && !line.toString('latin1').startsWith('-----');
}

function decoded(secret: Buffer): Buffer[] {
  const body = secret
    .toString('latin1')
    .split(LINE_ENDS)
    .filter((line) => !line.startsWith('-----'))
    .map((line) => line.trim())
    .join('');
  const found: Buffer[] = [];
  if (HEX_TEXT.test(body)) {
    found.push(Buffer.from(body, 'hex'));
  }
  if (BASE64_TEXT.test(body)) {
    found.push(Buffer.from(body, 'base64'));
  }
  return found.filter((bytes) => bytes.length >= MIN_SEARCHABLE_SECRET_BYTES);
}
