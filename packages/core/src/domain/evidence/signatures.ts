import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import type { HmacVerificationKey, KeyStatus } from '../keys/types.ts';
import { type KeyValidity, keyValidity } from '../keys/validity.ts';
import { MAX_REPORT_KEYS } from '../limits.ts';
import { type FindingCode, quoted } from './findings.ts';
import { RECORD_SIGNATURE_ALGORITHM, recordMac } from './record.ts';
import { type RecordReader, SLOT } from './record-reader.ts';

/** What of signatures is checked. `required`: every record must be signed by one of the keys. */
export type SignaturePolicy =
  | { readonly mode: 'required'; readonly keys: readonly HmacVerificationKey[] }
  | { readonly mode: 'integrity-only' };

/** How often a key id stands in a stream. */
export interface KeyUse {
  /** Cut when it is overlong; empty for signatures without one. */
  readonly key_id: string;
  readonly records: number;
  /** Of the key in the keyring; `unknown`: not given; `unchecked`: nothing was checked; `others`: all ids beyond the limit. */
  readonly status: KeyStatus | 'unknown' | 'unchecked' | 'others';
}

export interface SignatureFault {
  readonly code: FindingCode;
  readonly message: string;
}

const ALGORITHM_JSON = Buffer.from(JSON.stringify(RECORD_SIGNATURE_ALGORITHM));
const MAC_BYTES = 32;
/** The MAC of the record at hand. */
const givenMac = Buffer.alloc(MAC_BYTES);
const MAX_KEY_ID_CHARACTERS = 128;

const VALIDITY_FAULTS: Readonly<Record<Exclude<KeyValidity, 'valid'>, SignatureFault>> = {
  not_yet_valid: { code: 'key_not_yet_valid', message: 'the record is older than the period of its key' },
  expired: { code: 'key_expired', message: 'the record is younger than the period of its key' },
  revoked: { code: 'key_revoked', message: 'the key is revoked: the time in its records is only its holder’s word' },
};

/** Checks the signatures of a stream's records, and counts the keys that they name. */
export class SignatureChecker {
  readonly #policy: SignaturePolicy;
  readonly #keys: ReadonlyMap<string, HmacVerificationKey>;
  readonly #unnamedKey: HmacVerificationKey | undefined;
  /** The one id that the unnamed key stands for: that of its first record. */
  #adoptedId: string | undefined;
  #lastKeyId = '';
  #lastKeyIdJson = Buffer.alloc(0);
  readonly #uses = new Map<string, number>();
  #otherUses = 0;
  #signed = 0;

  constructor(policy: SignaturePolicy) {
    this.#policy = policy;
    const keys = policy.mode === 'required' ? policy.keys : [];
    this.#keys = new Map(keys.filter(({ id }) => id !== '').map((key) => [key.id, key]));
    this.#unnamedKey = keys.find(({ id }) => id === '');
  }

  /** Records with a signature, good or bad. */
  get signed(): number {
    return this.#signed;
  }

  /** @param hashMatches false: the hash that was signed is known to be wrong, and has its own finding */
  check(record: RecordReader, hashMatches: boolean): SignatureFault | undefined {
    if (!record.scan.has(SLOT.signature)) {
      return this.#policy.mode === 'required'
        ? { code: 'signature_missing', message: 'the record is not signed' }
        : undefined;
    }
    const keyId = this.#readKeyId(record);
    this.#signed += 1;
    this.#count(keyId);
    return this.#policy.mode === 'required' ? this.#checkWithKey(record, keyId, hashMatches) : undefined;
  }

  get uses(): readonly KeyUse[] {
    const uses: KeyUse[] = [...this.#uses].map(([id, records]) => ({
      key_id: id,
      records,
      status: this.#statusOf(id),
    }));
    return this.#otherUses === 0 ? uses : [...uses, { key_id: '', records: this.#otherUses, status: 'others' }];
  }

  #checkWithKey(record: RecordReader, keyId: string, hashMatches: boolean): SignatureFault | undefined {
    if (!record.scan.is(SLOT.signatureAlgorithm, ALGORITHM_JSON)) {
      const found = quoted(record.scan.text(SLOT.signatureAlgorithm));
      return { code: 'signature_algorithm_unknown', message: `the signature’s algorithm is ${found}, not HMAC-SHA256` };
    }
    const key = this.#keyOf(keyId);
    if (key === undefined) {
      return { code: 'key_unknown', message: `no key with the id ${quoted(keyId)} was given` };
    }
    if (key === 'changed') {
      const adopted = quoted(this.#adoptedId ?? '');
      return { code: 'key_id_changed', message: `the key id changes from ${adopted} to ${quoted(keyId)}` };
    }
    if (hashMatches && !macMatches(record, key)) {
      return { code: 'signature_mismatch', message: 'the signature does not match the record under its key' };
    }
    const validity = keyValidity(key, record.time.epochMilliseconds);
    return validity === 'valid' ? undefined : VALIDITY_FAULTS[validity];
  }

  /** Nearly all records of a stream name the same key: its id is decoded once. */
  #readKeyId({ scan }: RecordReader): string {
    if (!scan.is(SLOT.signatureKeyId, this.#lastKeyIdJson)) {
      this.#lastKeyId = scan.text(SLOT.signatureKeyId);
      this.#lastKeyIdJson = Buffer.from(scan.json(SLOT.signatureKeyId));
    }
    return this.#lastKeyId;
  }

  #keyOf(keyId: string): HmacVerificationKey | 'changed' | undefined {
    const named = this.#keys.get(keyId);
    if (named !== undefined || this.#unnamedKey === undefined) {
      return named;
    }
    this.#adoptedId ??= keyId;
    return keyId === this.#adoptedId ? this.#unnamedKey : 'changed';
  }

  #count(keyId: string): void {
    const id = keyId.slice(0, MAX_KEY_ID_CHARACTERS);
    const records = this.#uses.get(id);
    if (records === undefined && this.#uses.size >= MAX_REPORT_KEYS) {
      this.#otherUses += 1;
    } else {
      this.#uses.set(id, (records ?? 0) + 1);
    }
  }

  #statusOf(id: string): KeyUse['status'] {
    if (this.#policy.mode === 'integrity-only') {
      return 'unchecked';
    }
    return (this.#keys.get(id) ?? (id === this.#adoptedId ? this.#unnamedKey : undefined))?.status ?? 'unknown';
  }
}

/** Over the hash as it is written, which has been held against the record's bytes before. */
function macMatches(record: RecordReader, key: HmacVerificationKey): boolean {
  const value = record.hexDigits(SLOT.signatureValue);
  // Hex in either letter case; writing stops at whatever is none.
  const isMac = value.length === MAC_BYTES * 2 && givenMac.write(value, 'hex') === MAC_BYTES;
  return isMac && timingSafeEqual(givenMac, recordMac(key.secret, record.previousHash, record.recordHash));
}
