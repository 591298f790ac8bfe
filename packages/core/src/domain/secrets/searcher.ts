import { Buffer } from 'node:buffer';
import { SECRET_SEARCH_OVERLAP_BYTES, SECRET_SEARCH_WINDOW_BYTES } from '../limits.ts';
import { type RunReading, readBase64, readHex, skimBase64, skimHex } from './digit-runs.ts';
import { type Decoder, unescapeJson, unescapePercent } from './escapes.ts';
import { findTokens } from './jwt.ts';
import { type ConfiguredSecret, type Needle, prepareNeedles } from './needles.ts';

/** How a secret was written where it was found. Of nested encodings, the innermost. */
export type SecretForm = 'raw' | 'json-escaped' | 'percent-encoded' | 'hex' | 'base64';

export interface SecretHit {
  /** The secret's name, JWT_NAME or PRIVATE_KEY_NAME; never its value. */
  readonly name: string;
  readonly form: SecretForm;
  /** Where it begins, in bytes; of an encoded secret to within a few bytes. */
  readonly offset: number;
}

/** Searches data that does not fit in memory. */
export interface SecretScan {
  write(chunk: Uint8Array): void;
  /** The hits in all that was written. */
  finish(): readonly SecretHit[];
}

export interface SecretSearcher {
  /** Names of the configured secrets that are too short to be searched for. */
  readonly notSearchable: readonly string[];
  /** At most one hit, the first, for each name. */
  find(bytes: Uint8Array): readonly SecretHit[];
  /** The same for data that comes in chunks of any size, with constant memory. */
  scan(): SecretScan;
}

export const JWT_NAME = 'a JSON Web Token';
export const PRIVATE_KEY_NAME = 'a PEM private key';

const PEM_BEGIN = '-----BEGIN ';
const PRIVATE_KEY_LABEL = /^[A-Z0-9 ]{0,40}PRIVATE KEY/;
const PRIVATE_KEY_LABEL_BYTES = 52;

/** A secret can grow by so much: written as base64, that percent-encoded in whole, that as `\u00XX` escapes. */
const MAX_ENCODED_GROWTH = 24;

/**
 * Searches for configured secrets, JSON Web Tokens and PEM private keys: as they are, in hex (any letter case), in base64 and
 * base64url (any alignment, padded or not, wrapped or not), percent-encoded and JSON-escaped (in whole or in part), and in the first
 * two of these inside of the last two. Linear in the length of the data.
 */
export function createSecretSearcher(secrets: readonly ConfiguredSecret[]): SecretSearcher {
  const { needles, notSearchable } = prepareNeedles(secrets);
  const longest = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  const overlap = Math.max(SECRET_SEARCH_OVERLAP_BYTES, longest * MAX_ENCODED_GROWTH);
  const window = Math.max(SECRET_SEARCH_WINDOW_BYTES, overlap * 2);
  return {
    notSearchable,
    find(bytes) {
      const hits = new Hits(needles);
      for (let start = 0; start === 0 || start + overlap < bytes.length; start += window - overlap) {
        hits.search(asBuffer(bytes.subarray(start, start + window)), start);
      }
      return hits.list();
    },
    scan: () => new WindowScan(new Hits(needles), window, overlap),
  };
}

class WindowScan implements SecretScan {
  readonly #hits: Hits;
  readonly #buffer: Buffer;
  readonly #overlap: number;
  #length = 0;
  /** Offset in the data of the buffer's first byte. */
  #start = 0;

  constructor(hits: Hits, window: number, overlap: number) {
    this.#hits = hits;
    this.#buffer = Buffer.allocUnsafe(window);
    this.#overlap = overlap;
  }

  write(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      if (this.#length === this.#buffer.length) {
        this.#slide();
      }
      const part = chunk.subarray(from, from + this.#buffer.length - this.#length);
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
      from += part.length;
    }
  }

  finish(): readonly SecretHit[] {
    this.#search();
    return this.#hits.list();
  }

  /** Searches a full window and keeps its end, where a secret may have begun. */
  #slide(): void {
    this.#search();
    this.#buffer.copyWithin(0, this.#length - this.#overlap, this.#length);
    this.#start += this.#length - this.#overlap;
    this.#length = this.#overlap;
  }

  #search(): void {
    this.#hits.search(this.#buffer.subarray(0, this.#length), this.#start);
  }
}

/** A reading of the window, and how to find in the window what stands at an offset of the reading. */
interface View {
  readonly bytes: Buffer;
  readonly form: SecretForm;
  locate(offset: number): number;
}

/** Collects the first hit of each name over all windows and views. */
class Hits {
  readonly #needles: readonly Needle[];
  readonly #found = new Map<string, SecretHit>();

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
  }

  list(): readonly SecretHit[] {
    return [...this.#found.values()];
  }

  search(window: Buffer, start: number): void {
    for (const text of textViews(window)) {
      this.#searchView(text, start);
      if (skimHex(text.bytes).some((bytes) => this.#holdsAny(bytes))) {
        for (const hex of readHex(text.bytes)) {
          this.#searchView(runView(text, 'hex', hex), start);
        }
      }
      if (skimBase64(text.bytes).some((bytes) => this.#holdsAny(bytes))) {
        for (const base64 of readBase64(text.bytes)) {
          this.#searchView(runView(text, 'base64', base64), start);
        }
      }
    }
  }

  #holdsAny(bytes: Buffer): boolean {
    return (
      this.#needles.some((needle) => bytes.includes(needle.bytes)) ||
      indexOfToken(bytes) >= 0 ||
      indexOfPrivateKey(bytes) >= 0
    );
  }

  #searchView(view: View, start: number): void {
    for (const { name, bytes } of this.#needles) {
      this.#add(name, view, start, () => view.bytes.indexOf(bytes));
    }
    this.#add(JWT_NAME, view, start, () => indexOfToken(view.bytes));
    this.#add(PRIVATE_KEY_NAME, view, start, () => indexOfPrivateKey(view.bytes));
  }

  #add(name: string, view: View, start: number, indexOf: () => number): void {
    if (this.#found.has(name)) {
      return;
    }
    const index = indexOf();
    if (index >= 0) {
      this.#found.set(name, { name, form: view.form, offset: start + view.locate(index) });
    }
  }
}

/** The window as it is, without its JSON escapes (twice, for JSON in a JSON string), and each without percent-encoding. */
function* textViews(window: Buffer): Generator<View> {
  let view: View = { bytes: window, form: 'raw', locate: (offset) => offset };
  for (let depth = 0; ; depth += 1) {
    yield view;
    if (view.bytes.includes('%')) {
      yield textView(view, 'percent-encoded', unescapePercent);
    }
    if (depth === 2 || !view.bytes.includes('\\')) {
      return;
    }
    view = textView(view, 'json-escaped', unescapeJson);
  }
}

function textView(inner: View, form: SecretForm, decode: Decoder): View {
  const output = Buffer.allocUnsafe(inner.bytes.length);
  const { written } = decode(inner.bytes, output, output.length);
  return {
    bytes: output.subarray(0, written),
    form,
    locate: (offset) => inner.locate(decode(inner.bytes, Buffer.allocUnsafe(output.length), offset).read),
  };
}

function runView(text: View, form: SecretForm, { bytes, locate }: RunReading): View {
  return { bytes, form, locate: (offset) => text.locate(locate(offset)) };
}

/**
 * Every token has a header of at least so many digits, that begins somewhere in a word with `ew` or `ey`, and two dots. Looking behind
 * makes each digit be looked at no more than twice.
 */
const LIKE_A_TOKEN = /(?<![\w-])(?=[\w-]*e[wy])[\w-]{14,}\.[\w-]*\./;

function indexOfToken(bytes: Buffer): number {
  if (!(bytes.includes('ey') || bytes.includes('ew')) || !LIKE_A_TOKEN.test(bytes.toString('latin1'))) {
    return -1;
  }
  return findTokens(bytes, 1)[0]?.start ?? -1;
}

function indexOfPrivateKey(bytes: Buffer): number {
  let at = bytes.indexOf(PEM_BEGIN);
  while (at >= 0) {
    const label = at + PEM_BEGIN.length;
    if (PRIVATE_KEY_LABEL.test(bytes.toString('latin1', label, label + PRIVATE_KEY_LABEL_BYTES))) {
      return at;
    }
    at = bytes.indexOf(PEM_BEGIN, label);
  }
  return -1;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
