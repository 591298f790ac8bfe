import { ConfigurationError } from '../diagnosis.ts';
import { JsonError } from '../json/error.ts';
import { parseStrictJson } from '../json/parse.ts';
import { isJsonList, JsonObject, type JsonValue } from '../json/value.ts';
import { MAX_AUDIT_LINE_BYTES, MAX_AUDIT_SHARDS, MAX_REPORT_KEYS } from '../limits.ts';
import { AUDIT_SCHEMA_VERSION, type AuditHead, type BundleLine } from './audit-lines.ts';

/** A line of an audit's results or state. */
export type AuditLine = AuditHead | BundleLine | SummaryMark;

/** All that is believed of a summary: that there is one, and whether it is of all shards. The rest is added up anew from the lines. */
export interface SummaryMark {
  readonly kind: 'summary';
  readonly lacksShards: boolean;
}

const TEXTS = [
  'path',
  'diagnosis',
  'message',
  'provider',
  'repository',
  'workflow',
  'run_id',
  'run_attempt',
  'ref',
  'sha',
  'actor',
  'job',
  'runner_name',
  'rule_id',
  'first_timestamp',
  'last_timestamp',
  'stream_id',
  'head_hash',
  'sha256',
] as const satisfies readonly (keyof BundleLine)[];
const COUNTS = [
  'records',
  'signed_records',
  'errors',
  'warnings',
  'unauthenticated',
] as const satisfies readonly (keyof BundleLine)[];
type TextName = (typeof TEXTS)[number];
type CountName = (typeof COUNTS)[number];
const KEY_STATUSES = ['active', 'retiring', 'retired', 'revoked', 'unknown', 'unchecked', 'others'] as const;

/**
 * Reads one line that `audit --format jsonl` wrote, as strictly as if somebody else had written it.
 *
 * @param source what messages call the line, for example `shard-1.jsonl line 7`
 * @throws ConfigurationError CAVRA-E225
 */
export function readAuditLine(bytes: Uint8Array, source: string): AuditLine {
  const object = new Members(parseLine(bytes, source), source);
  const kind = object.word('kind', ['audit', 'bundle', 'summary'] as const);
  if (kind === 'summary') return { kind, lacksShards: object.hasItems('shards_missing') };
  return kind === 'audit' ? readHead(object) : readBundle(object);
}

function readHead(object: Members): AuditHead {
  const shard = object.inner('shard');
  const total = shard.count('total', 1, MAX_AUDIT_SHARDS);
  return {
    kind: 'audit',
    schema_version: object.word('schema_version', [AUDIT_SCHEMA_VERSION] as const),
    question: object.text('question'),
    shard: { index: shard.count('index', 1, total), total },
  };
}

function readBundle(object: Members): BundleLine {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, object.text(name)])) as Record<TextName, string>;
  const counts = Object.fromEntries(COUNTS.map((name) => [name, object.count(name)])) as Record<CountName, number>;
  return {
    kind: 'bundle',
    ...texts,
    ...counts,
    status: object.word('status', ['valid', 'unmet', 'invalid', 'unreadable']),
    decision: object.word('decision', ['', 'allow', 'require_approval', 'block']),
    signatures: object.word('signatures', ['checked', 'unchecked', 'none']),
    checkpoint: object.word('checkpoint', ['absent', 'valid', 'invalid', 'unchecked']),
    tail: object.word('tail', ['unanchored', 'sealed', 'anchored']),
    keys: object.list('keys', MAX_REPORT_KEYS + 1).map((key) => ({
      key_id: key.text('key_id'),
      records: key.count('records'),
      status: key.word('status', KEY_STATUSES),
      ...(key.has('secret') ? { secret: key.word('secret', ['absent']) } : {}),
    })),
    ...(object.has('fingerprint') ? { fingerprint: object.text('fingerprint') } : {}),
  };
}

function parseLine(bytes: Uint8Array, source: string): JsonValue {
  try {
    return parseStrictJson(bytes, { maxBytes: MAX_AUDIT_LINE_BYTES });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ConfigurationError('CAVRA-E225', `${source}: ${error.message}`, { cause: error });
  }
}

/** The members of an object, each with the type that it must have. */
class Members {
  readonly #object: JsonObject;
  readonly #source: string;

  constructor(value: JsonValue, source: string) {
    if (!(value instanceof JsonObject)) throw new ConfigurationError('CAVRA-E225', `${source} is not an object`);
    this.#object = value;
    this.#source = source;
  }

  has(name: string): boolean {
    return this.#object.has(name);
  }

  text(name: string): string {
    const value = this.#object.get(name);
    return typeof value === 'string' ? value : this.#refuse(name);
  }

  count(name: string, minimum = 0, maximum = Number.MAX_SAFE_INTEGER): number {
    const value = this.#object.get(name);
    return typeof value === 'bigint' && value >= minimum && value <= maximum ? Number(value) : this.#refuse(name);
  }

  word<const T extends string>(name: string, words: readonly T[]): T {
    return words.find((word) => word === this.#object.get(name)) ?? this.#refuse(name);
  }

  hasItems(name: string): boolean {
    const value = this.#object.get(name) ?? null;
    return typeof value === 'object' && value !== null && isJsonList(value) ? value.length > 0 : this.#refuse(name);
  }

  inner(name: string): Members {
    return new Members(this.#object.get(name) ?? null, `${name} of ${this.#source}`);
  }

  list(name: string, maximum: number): readonly Members[] {
    const value = this.#object.get(name) ?? null;
    if (value === null || typeof value !== 'object' || !isJsonList(value) || value.length > maximum) {
      return this.#refuse(name);
    }
    return value.map((item) => new Members(item, `${name} of ${this.#source}`));
  }

  #refuse(name: string): never {
    throw new ConfigurationError(
      'CAVRA-E225',
      `${this.#source}: ${name} is missing or is not what an audit writes there`,
    );
  }
}
