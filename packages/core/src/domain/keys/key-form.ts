import { Buffer, isUtf8 } from 'node:buffer';
import { createPublicKey } from 'node:crypto';
import { MIN_SIGNING_KEY_BYTES } from '../limits.ts';

/** What a value is that cannot sign; docs/key-custody.md#what-is-no-key has the rules. */
export interface KeyFault {
  /** `known`: a text that is no secret, so it verifies nothing either. `weak`: it can be guessed; what it signed long ago still verifies. */
  readonly kind: 'known' | 'weak';
  /** What the value is, to stand behind "holds". */
  readonly is: string;
}

/** What a variable or a file gives as a key. */
export interface KeyValue {
  /** As they are. */
  readonly bytes: Uint8Array;
  /** Why they cannot be a key that signs. */
  readonly fault: KeyFault | undefined;
  /** Editors and `openssl rand -hex` end a file with a line end: of that nobody needs to be told. */
  readonly isFile?: true;
}

/**
 * Why a value cannot be an HMAC key that signs, whatever it came from; undefined: it can. Its length is another question.
 *
 * @param bytes as given; blanks and quotes around a text make it no better
 */
export function keyFault(bytes: Uint8Array): KeyFault | undefined {
  const text = plainText(bytes);
  if (text === undefined) return weakness([...Buffer.from(bytes).toString('latin1')]);
  const known = knownText(text);
  return known === undefined ? weakness([...text]) : { kind: 'known', is: known };
}

/** The path that a value may be meant as, without blanks and quotes around it; undefined: it is none. */
export function pathIn(bytes: Uint8Array): string | undefined {
  const text = plainText(bytes);
  return text !== undefined && PATH.test(text) ? text : undefined;
}

const QUOTED = /^(["'`])(.*)\1$/su;

/** Whether quotes stand around a value: they are part of the key, which is seldom meant. */
export function isQuoted(bytes: Uint8Array): boolean {
  return QUOTED.test(Buffer.from(bytes).toString('latin1').trim());
}

/** A key with one line end behind it, without that; undefined: there is none. */
export function withoutLineEnd(bytes: Uint8Array): Uint8Array | undefined {
  const last = bytes.at(-1);
  if (last === LF && bytes.at(-2) === CR) return bytes.subarray(0, -2);
  return last === LF || last === CR ? bytes.subarray(0, -1) : undefined;
}

const LF = 0x0a;
const CR = 0x0d;

/** A text without marks of its encoding, and without blanks and quotes around it; undefined: the bytes are none. */
function plainText(bytes: Uint8Array): string | undefined {
  const isWide = isUtf16(bytes);
  if (!isWide && !isUtf8(bytes)) return undefined;
  const decoded = Buffer.from(bytes).toString(isWide ? 'utf16le' : 'utf8');
  const text = decoded.replace(/^\ufeff/u, '').trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell bytes from text
  if (/[\u0000-\u0008\u000e-\u001f\u007f]/u.test(text)) return undefined;
  return (QUOTED.exec(text)?.[2] ?? text).trim();
}

/** ASCII in UTF-16, as PowerShell writes files. */
function isUtf16(bytes: Uint8Array): boolean {
  const text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.subarray(2) : bytes;
  return text.length > 0 && text.length % 2 === 0 && text.every((byte, at) => at % 2 === 0 || byte === 0);
}

/** References as shells and platforms write them. A name after a plain `$` counts inside of a text only where it is in capitals. */
const REFERENCES = [
  /\$\([^)]*\)/u,
  /\$\{[^}]*\}/u,
  /\$\[[^\]]*\]/u,
  /\$env:[A-Za-z_]/iu,
  /\$[A-Z0-9_]{3,}/u,
  /^\$[A-Za-z_]\w*$/u,
  /%[A-Za-z_][A-Za-z0-9_]{2,}%/u,
];
const PEM = /-{4,5} ?BEGIN ([A-Z0-9 ]{1,40}?) ?-{4,5}/u;
const OPENSSH = /(?:^|\s)(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) AAAA/u;
/** `/`, `~/`, `./`, `../`, a share, a drive, and the same as Windows and URLs write them. */
const PATH = /^(?:\/|~[\w.-]*[\\/]|\.{1,2}[\\/]|\\\\|[A-Za-z]:[\\/]|file:)/iu;

/** What everybody can know a text to be. */
function knownText(text: string): string | undefined {
  if (text === '') return 'nothing but blanks';
  if (REFERENCES.some((form) => form.test(text))) return 'a reference to a variable that was not expanded';
  const armoured = PEM.exec(text) ?? PEM.exec(Buffer.from(text, 'base64').toString('latin1'));
  if (armoured !== null) return `PEM (${armoured[1]})`;
  if (OPENSSH.test(text) || isPublicKey(text)) return 'a public key';
  return PATH.test(text) && !isBase64(text) ? 'a path' : undefined;
}

const DER_SEQUENCE = 0x30;

/** SubjectPublicKeyInfo as one line of base64, or a public JWK. */
function isPublicKey(text: string): boolean {
  try {
    if (text.startsWith('{')) return !('d' in JSON.parse(text)) && isKey({ key: JSON.parse(text), format: 'jwk' });
    const der = Buffer.from(text, 'base64');
    return der[0] === DER_SEQUENCE && isKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return false;
  }
}

function isKey(input: Parameters<typeof createPublicKey>[0]): boolean {
  return createPublicKey(input).asymmetricKeyType !== undefined;
}

/** Random bytes in base64 can begin with `/`. In so many digits there is a capital, and in a path of so few kinds of characters seldom. */
function isBase64(text: string): boolean {
  const digits = text.replace(/\s+/gu, '');
  const isAlphabet = /^[A-Za-z0-9+/]+={0,2}$/u.test(digits) && /[A-Z]/u.test(digits);
  return isAlphabet && Buffer.from(digits, 'base64').length >= MIN_SIGNING_KEY_BYTES;
}

const MIN_DISTINCT_CHARACTERS = 5;
const MAX_REPEATED_CHARACTERS = 16;

function weakness(characters: readonly string[]): KeyFault | undefined {
  if (new Set(characters).size < MIN_DISTINCT_CHARACTERS) {
    return { kind: 'weak', is: `fewer than ${MIN_DISTINCT_CHARACTERS} different characters` };
  }
  for (let unit = 1; unit <= MAX_REPEATED_CHARACTERS; unit += 1) {
    const repeats =
      characters.length > unit && characters.every((one, at) => at < unit || one === characters[at - unit]);
    if (repeats) return { kind: 'weak', is: `${unit} characters that repeat` };
  }
  return undefined;
}
