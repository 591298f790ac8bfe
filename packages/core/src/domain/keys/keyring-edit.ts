import { Buffer } from 'node:buffer';
import { ConfigurationError } from '../diagnosis.ts';
import { parseInstant } from '../time/instant.ts';
import { formatTimestamp } from '../time/timestamp.ts';
import type { KeyPurpose, KeyStatus } from './hmac-keys.ts';
import { KEYRING_SCHEMA_VERSION, parseKeyring } from './keyring.ts';
import { KEY_MEMBERS, type SecretReference } from './keyring-key.ts';

/** One key of a keyring as its JSON has it. */
export interface KeyJson {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: string;
  readonly status: KeyStatus;
  readonly secret?: SecretReference;
  readonly public_key?: string;
  readonly not_before?: string;
  readonly not_after?: string;
  readonly revoked_at?: string;
  readonly repositories?: readonly string[];
}

/** A keyring as its JSON has it: what an edit does not change keeps its spelling. */
export interface KeyringJson {
  readonly keys: readonly KeyJson[];
}

export const EMPTY_KEYRING: KeyringJson = { keys: [] };

/** @throws ConfigurationError CAVRA-E209 it is no keyring */
export function parseKeyringJson(bytes: Uint8Array, source: string): KeyringJson {
  // Everything that JSON.parse would let pass has been refused before.
  parseKeyring(bytes, source);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as KeyringJson;
}

/** The keyring's file: two-space indent, members in the order of the schema, final line end. */
export function keyringText({ keys }: KeyringJson): string {
  const ordered = keys.map((key) =>
    Object.fromEntries(KEY_MEMBERS.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]]))),
  );
  return `${JSON.stringify({ schema_version: KEYRING_SCHEMA_VERSION, keys: ordered }, null, 2)}\n`;
}

/** Adds a key that signs from now on; the one that signed so far retires, and is still accepted. */
export function addActiveKey(keyring: KeyringJson, key: KeyJson): KeyringJson {
  if (keyring.keys.some(({ id, purpose }) => id === key.id && purpose === key.purpose)) {
    throw refusal(key.purpose, key.id, 'is in the keyring already; give the new one another id');
  }
  const others = keyring.keys.map((each) =>
    each.purpose === key.purpose && each.status === 'active' ? { ...each, status: 'retiring' as const } : each,
  );
  return { keys: [...others, key] };
}

/** Which key an edit is about; an id is unique only within its purpose. */
export interface KeyName {
  readonly id: string;
  readonly purpose: KeyPurpose | undefined;
}

/**
 * Ends the period of a key: it signs nothing any more, and verifies what it signed before `atMs`.
 *
 * @throws ConfigurationError CAVRA-E209 there is no such key, or it is revoked
 */
export function retireKey(keyring: KeyringJson, name: KeyName, atMs: number): KeyringJson {
  return edit(keyring, name, (key) => {
    if (key.status === 'revoked') throw refusal(key.purpose, key.id, 'is revoked, which cannot be taken back');
    const before = key.not_after === undefined ? undefined : parseInstant(key.not_after);
    const ends = before !== undefined && before <= atMs ? key.not_after : formatTimestamp(atMs);
    return { ...key, status: 'retired', ...(ends === undefined ? {} : { not_after: ends }) };
  });
}

/**
 * Declares a key compromised: what it signed counts only under a checkpoint that is older than `sinceMs`; undefined: nothing counts.
 *
 * @throws ConfigurationError CAVRA-E209 there is no such key, or it is revoked from an earlier moment on
 */
export function revokeKey(keyring: KeyringJson, name: KeyName, sinceMs: number | undefined): KeyringJson {
  return edit(keyring, name, (key) => {
    const before = key.revoked_at === undefined ? undefined : parseInstant(key.revoked_at);
    const isRevokedEarlier = key.status === 'revoked' && (before === undefined || (sinceMs ?? before) > before);
    if (isRevokedEarlier) throw refusal(key.purpose, key.id, 'is revoked from an earlier moment on');
    const { revoked_at: _, ...rest } = key;
    return { ...rest, status: 'revoked', ...(sinceMs === undefined ? {} : { revoked_at: formatTimestamp(sinceMs) }) };
  });
}

function edit(keyring: KeyringJson, name: KeyName, change: (key: KeyJson) => KeyJson): KeyringJson {
  const found = findKey(keyring, name);
  return { keys: keyring.keys.map((key) => (key === found ? change(key) : key)) };
}

/** @throws ConfigurationError CAVRA-E209 there is no such key, or more than one */
export function findKey({ keys }: KeyringJson, { id, purpose }: KeyName): KeyJson {
  const [found, ...others] = keys.filter((key) => key.id === id && (purpose === undefined || key.purpose === purpose));
  if (found === undefined) {
    throw new ConfigurationError(
      'CAVRA-E209',
      `there is no ${purpose ?? ''} key ${id} in the keyring`.replace('  ', ' '),
    );
  }
  if (others.length > 0) {
    const purposes = [found, ...others].map((key) => key.purpose).join(' and ');
    throw new ConfigurationError('CAVRA-E209', `${id} is the id of a ${purposes} key: say which purpose`);
  }
  return found;
}

function refusal(purpose: KeyPurpose, id: string, reason: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E209', `the ${purpose} key ${id} ${reason}`);
}
