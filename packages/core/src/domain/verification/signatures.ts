import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { RECORD_SIGNATURE_ALGORITHM } from '../evidence/record.ts';
import { RecordMac } from '../evidence/record-mac.ts';
import type { RecordReader } from '../evidence/record-reader.ts';
import { SLOT } from '../evidence/slots.ts';
import type { HmacVerificationKey, KeyStatus } from '../keys/hmac-keys.ts';
import { type KeyPeriod, type KeyValidity, keyValidity } from '../keys/validity.ts';
import { type CheckpointAnchor, isAnchored, isAnchoredBefore } from './anchors.ts';
import { type FindingCode, quoted } from './findings.ts';
import { type KeyCount, KeyUses } from './key-uses.ts';

/** What of signatures is checked. `required`: every record must be signed by one of the keys. */
export type SignaturePolicy =
  | {
      readonly mode: 'required';
      readonly keys: readonly HmacVerificationKey[];
      /** Keys whose secrets are not here: a record of theirs counts only under a checkpoint. */
      readonly absentKeys?: readonly AbsentKey[];
      readonly anchors?: readonly CheckpointAnchor[];
    }
  | { readonly mode: 'integrity-only' };

/** A key of which everything is known but its secret. */
export type AbsentKey = KeyPeriod & { readonly id: string };

/** How often a key id stands in a stream. */
export interface KeyUse {
  /** Cut when it is overlong; empty for signatures without one. */
  readonly key_id: string;
  readonly records: number;
  /** Of the key in the keyring; `unknown`: not given; `unchecked`: nothing was checked; `others`: all ids beyond the limit. */
  readonly status: KeyStatus | 'unknown' | 'unchecked' | 'others';
  /** The key's secret is not here, so that its signatures were not checked. */
  readonly secret?: 'absent';
}

/** The signatures of a part of a stream; plain data. */
export interface SignedPart {
  readonly signed: number;
  /** Those whose key's secret is not here. */
  readonly unchecked: number;
  /** The id that the key without a name stood for. */
  readonly adoptedId: string | undefined;
  readonly counts: readonly Readonly<KeyCount>[];
}

export interface SignatureFault {
  readonly code: FindingCode;
  readonly message: string;
}

const ALGORITHM_JSON = Buffer.from(JSON.stringify(RECORD_SIGNATURE_ALGORITHM));
const MAC_BYTES = 32;
/** The MAC of the record at hand. */
const givenMac = Buffer.alloc(MAC_BYTES);

/** The key id that a record names: its JSON and what it says. */
interface NamedKey {
  readonly json: Buffer;
  readonly id: string;
  readonly use: KeyCount;
}

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
  readonly #absentKeys: ReadonlyMap<string, AbsentKey>;
  readonly #anchors: readonly CheckpointAnchor[];
  readonly #macs = new Map<HmacVerificationKey, RecordMac>();
  /** The one id that the unnamed key stands for: that of its first record. */
  #adoptedId: string | undefined;
  readonly #uses = new KeyUses();
  #last: NamedKey | undefined;
  #signed = 0;
  #unchecked = 0;

  constructor(policy: SignaturePolicy) {
    this.#policy = policy;
    const keys = policy.mode === 'required' ? policy.keys : [];
    this.#keys = new Map(keys.filter(({ id }) => id !== '').map((key) => [key.id, key]));
    this.#unnamedKey = keys.find(({ id }) => id === '');
    const absent = policy.mode === 'required' ? (policy.absentKeys ?? []) : [];
    this.#absentKeys = new Map(absent.map((key) => [key.id, key]));
    this.#anchors = policy.mode === 'required' ? (policy.anchors ?? []) : [];
  }

  /** Records with a signature, good or bad. */
  get signed(): number {
    return this.#signed;
  }

  /** Whether all signatures were checked, good or bad. */
  get areChecked(): boolean {
    return this.#policy.mode === 'required' && this.#unchecked === 0;
  }

  /** What the signatures of a faultless part named. */
  get part(): SignedPart {
    return { signed: this.#signed, unchecked: this.#unchecked, adoptedId: this.#adoptedId, counts: this.#uses.list };
  }

  /** Whether the signatures of a part would have been as good behind the records so far. */
  canJoin({ adoptedId, counts }: SignedPart): boolean {
    const isSameKey = adoptedId === undefined || this.#adoptedId === undefined || adoptedId === this.#adoptedId;
    return isSameKey && this.#uses.hasRoomFor(counts);
  }

  join({ signed, unchecked, adoptedId, counts }: SignedPart): void {
    this.#signed += signed;
    this.#unchecked += unchecked;
    this.#adoptedId ??= adoptedId;
    for (const { id, records } of counts) {
      this.#uses.of(id).records += records;
    }
  }

  /** @param hashMatches false: the hash that was signed is known to be wrong, and has its own finding */
  check(record: RecordReader, hashMatches: boolean): SignatureFault | undefined {
    if (!record.scan.has(SLOT.signature)) {
      return this.#policy.mode === 'required'
        ? { code: 'signature_missing', message: 'the record is not signed' }
        : undefined;
    }
    const { id, use } = this.#readKeyId(record);
    this.#signed += 1;
    use.records += 1;
    return this.#policy.mode === 'required' ? this.#checkWithKey(record, id, hashMatches) : undefined;
  }

  get uses(): readonly KeyUse[] {
    const uses: KeyUse[] = this.#uses.list.map(({ id, records }) => ({
      key_id: id,
      records,
      status: this.#statusOf(id),
      ...(this.#isAbsent(id) ? { secret: 'absent' as const } : {}),
    }));
    const { others } = this.#uses;
    return others === 0 ? uses : [...uses, { key_id: '', records: others, status: 'others' }];
  }

  #checkWithKey(record: RecordReader, keyId: string, hashMatches: boolean): SignatureFault | undefined {
    if (!record.scan.is(SLOT.signatureAlgorithm, ALGORITHM_JSON)) {
      const found = quoted(record.scan.text(SLOT.signatureAlgorithm));
      return { code: 'signature_algorithm_unknown', message: `the signature’s algorithm is ${found}, not HMAC-SHA256` };
    }
    const key = this.#keyOf(keyId);
    if (key === undefined) {
      return this.#checkWithoutSecret(record, keyId);
    }
    if (key === 'changed') {
      const adopted = quoted(this.#adoptedId ?? '');
      return { code: 'key_id_changed', message: `the key id changes from ${adopted} to ${quoted(keyId)}` };
    }
    if (hashMatches && !macMatches(record, this.#macOf(key))) {
      return { code: 'signature_mismatch', message: 'the signature does not match the record under its key' };
    }
    return this.#checkPeriod(record, key);
  }

  /** Somebody else must vouch for a record whose signature nobody here can check. */
  #checkWithoutSecret(record: RecordReader, keyId: string): SignatureFault | undefined {
    const key = this.#absentKeys.get(keyId);
    if (key === undefined) {
      return { code: 'key_unknown', message: `no key with the id ${quoted(keyId)} was given` };
    }
    this.#unchecked += 1;
    if (!isAnchored(this.#anchors, record.sequence)) {
      const message = `the secret of the key ${quoted(keyId)} is not here, and no checkpoint stands for the record`;
      return { code: 'key_unknown', message };
    }
    return this.#checkPeriod(record, key);
  }

  #checkPeriod(record: RecordReader, key: KeyPeriod): SignatureFault | undefined {
    const { revokedAt } = key;
    const timeIsAnchored = revokedAt !== undefined && isAnchoredBefore(this.#anchors, record.sequence, revokedAt);
    const validity = keyValidity(key, record.time.epochMilliseconds, timeIsAnchored);
    return validity === 'valid' ? undefined : VALIDITY_FAULTS[validity];
  }

  /** Nearly all records of a stream name the same key: its id is decoded once. */
  #readKeyId({ scan }: RecordReader): NamedKey {
    if (this.#last === undefined || !scan.is(SLOT.signatureKeyId, this.#last.json)) {
      const id = scan.text(SLOT.signatureKeyId);
      this.#last = { json: Buffer.from(scan.json(SLOT.signatureKeyId)), id, use: this.#uses.of(id) };
    }
    return this.#last;
  }

  #keyOf(keyId: string): HmacVerificationKey | 'changed' | undefined {
    const named = this.#keys.get(keyId);
    if (named !== undefined || this.#unnamedKey === undefined) {
      return named;
    }
    this.#adoptedId ??= keyId;
    return keyId === this.#adoptedId ? this.#unnamedKey : 'changed';
  }

  #macOf(key: HmacVerificationKey): RecordMac {
    let mac = this.#macs.get(key);
    if (mac === undefined) {
      mac = new RecordMac(key.secret);
      this.#macs.set(key, mac);
    }
    return mac;
  }

  #statusOf(id: string): KeyUse['status'] {
    if (this.#policy.mode === 'integrity-only') {
      return 'unchecked';
    }
    const key = this.#keys.get(id) ?? (id === this.#adoptedId ? this.#unnamedKey : this.#absentKeys.get(id));
    return key?.status ?? 'unknown';
  }

  #isAbsent(id: string): boolean {
    return this.#absentKeys.has(id) && !this.#keys.has(id) && id !== this.#adoptedId;
  }
}

/** Over the hash as it is written, which has been held against the record's bytes before. */
function macMatches(record: RecordReader, mac: RecordMac): boolean {
  const value = record.hexDigits(SLOT.signatureValue);
  // Hex in either letter case; writing stops at whatever is none.
  const isMac = value.length === MAC_BYTES * 2 && givenMac.write(value, 'hex') === MAC_BYTES;
  return isMac && timingSafeEqual(givenMac, mac.of(record.previousHash, record.recordHash));
}
