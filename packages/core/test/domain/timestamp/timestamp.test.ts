import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { encode, objectIdentifier, octetString, sequence, yes } from '../../../../../test/fakes/der.ts';
import {
  type AuthorityPlan,
  attribute,
  createTimestampAuthority,
  type StampChanges,
  signingCertificateV2,
  TIMESTAMP_EXTENSIONS,
  type TimestampAuthority,
} from '../../../../../test/fakes/timestamp-authority.ts';
import { authorityExtensions, extension, OID } from '../../../../../test/fakes/x509.ts';
import { timestampQuery } from '../../../src/domain/timestamp/query.ts';
import { type TimestampVerdict, verifyTimestamp } from '../../../src/domain/timestamp/verify.ts';
import { readCertificatesPem } from '../../../src/domain/x509/certificate.ts';

/** Every verdict here is held against `openssl ts -verify`, which shares no code with ours. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Math.floor(Date.now() / 1000) * 1000;
const SIGNATURE = Buffer.from('3045022100aabbcc', 'hex');

const folder = mkdtempSync(join(tmpdir(), 'cavra-timestamps-'));
const authorities: TimestampAuthority[] = [];
const create = (plan: AuthorityPlan = {}) => {
  const authority = createTimestampAuthority(plan);
  authorities.push(authority);
  return authority;
};
const HONEST = create();
const STRANGER = create();
afterAll(() => {
  for (const authority of authorities) authority.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** What openssl says, at the time that the timestamp states. */
function openssl(reply: Buffer, signature: Uint8Array, rootPem: string, atMs: number): boolean {
  writeFileSync(join(folder, 'reply.tsr'), reply);
  writeFileSync(join(folder, 'data'), signature);
  writeFileSync(join(folder, 'root.pem'), rootPem);
  const args = ['-in', 'reply.tsr', '-data', 'data', '-CAfile', 'root.pem', '-attime', String(atMs / 1000)];
  try {
    execFileSync('openssl', ['ts', '-verify', ...args], { cwd: folder, stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

const ours = (reply: Buffer, pem: string, signature = SIGNATURE): TimestampVerdict =>
  verifyTimestamp(reply, signature, [{ anchors: readCertificatesPem(pem, 9), others: [] }]);

describe('a query', () => {
  it('is 59 bytes that openssl reads', () => {
    const query = timestampQuery(SIGNATURE);
    writeFileSync(join(folder, 'query.tsq'), query);
    const text = execFileSync('openssl', ['ts', '-query', '-in', 'query.tsq', '-text'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(query).toHaveLength(59);
    expect(text).toContain('Hash Algorithm: sha256');
    expect(text).toContain('Nonce: unspecified');
    expect(text).toContain('Certificate required: yes');
    const digest = createHash('sha256').update(SIGNATURE).digest('hex');
    expect(text.replace(/[^0-9a-f]/g, '')).toContain(digest.slice(0, 16));
  });
});

describe.each<[string, AuthorityPlan]>([
  ['P-256 with SHA-256', {}],
  ['P-256 with SHA-512', { digest: 'sha512' }],
  ['RSA with SHA-256', { kind: 'rsa' }],
  ['RSA with SHA-384', { kind: 'rsa', digest: 'sha384' }],
  ['RSA with SHA-512', { kind: 'rsa', digest: 'sha512' }],
])('what `openssl ts` stamps as an authority of %s', (_, plan) => {
  it('is proven', () => {
    const authority = create(plan);
    const reply = authority.reply(timestampQuery(SIGNATURE));
    const verdict = ours(reply, authority.rootPem);
    expect(verdict).toMatchObject({ state: 'proven', accuracyMs: 1000, authority: 'Time of a test run' });
    expect(openssl(reply, SIGNATURE, authority.rootPem, NOW)).toBe(true);
    // Pinned by its own certificate alone, as Sigstore's trusted roots do.
    expect(ours(reply, authority.chainPem)).toMatchObject({ state: 'proven' });
    expect(ours(reply, STRANGER.rootPem)).toEqual({ state: 'unpinned', authority: 'Time of a test run' });
    expect(openssl(reply, SIGNATURE, STRANGER.rootPem, NOW)).toBe(false);
  });
});

/** A timestamp that is made here, and what is to come of it. */
interface Case {
  readonly authority?: AuthorityPlan;
  readonly stamp?: StampChanges;
  readonly reply?: (reply: Buffer) => Buffer;
  readonly at?: number;
}

const other = randomBytes(70);
const withIntermediate = (period = { notBefore: NOW - DAY, notAfter: NOW + DAY }): AuthorityPlan => ({ period });

const GOOD: readonly (readonly [string, Case])[] = [
  ['nothing special', {}],
  ['granted with modifications', { stamp: { status: 1 } }],
  ['an accuracy', { stamp: { accuracy: 2 } }],
  ['an imprint of SHA-384', { stamp: { imprintDigest: 'sha384' } }],
  ['an imprint of SHA-512', { stamp: { imprintDigest: 'sha512' } }],
  ['an RSA key', { authority: { kind: 'rsa' } }],
  ['an RSA key and SHA-512', { authority: { kind: 'rsa', digest: 'sha512' } }],
  ['a certificate signed with SHA-384', { authority: { certificateDigest: 'sha384' } }],
  [
    'a certificate that is long past now',
    {
      authority: withIntermediate({ notBefore: NOW - 9 * DAY, notAfter: NOW - 8 * DAY }),
      stamp: { timeMs: NOW - 8.5 * DAY },
      at: NOW - 8.5 * DAY,
    },
  ],
  [
    'the first second of its certificate',
    {
      authority: withIntermediate({ notBefore: NOW - HOUR, notAfter: NOW + HOUR }),
      stamp: { timeMs: NOW - HOUR },
      at: NOW - HOUR,
    },
  ],
  [
    'the last second but one of its certificate',
    {
      authority: withIntermediate({ notBefore: NOW - HOUR, notAfter: NOW + HOUR }),
      stamp: { timeMs: NOW + HOUR - 1000 },
      at: NOW + HOUR - 1000,
    },
  ],
  ['an order', { stamp: { extraInfo: [yes] } }],
  ['a nonce that nobody asked for', { stamp: { extraInfo: [encode(0x02, Buffer.from([5]))] } }],
  ['the chain named in its attribute', {}],
];

const BAD: readonly (readonly [string, Case, RegExp])[] = [
  ['another signature', { stamp: { imprint: createHash('sha256').update(other).digest() } }, /another signature/],
  [
    'a cut imprint',
    { stamp: { imprint: createHash('sha256').update(SIGNATURE).digest().subarray(0, 31) } },
    /another signature/,
  ],
  ['a refusal', { stamp: { status: 2 } }, /refused, with status 2/],
  [
    'a changed time',
    {
      stamp: {
        info: (info) => {
          const at = info.indexOf(Buffer.from([0x18, 0x0f]));
          const copy = Buffer.from(info);
          copy[at + 5] = (copy[at + 5] ?? 0) ^ 1;
          return copy;
        },
      },
    },
    /another time|month|none/,
  ],
  [
    'a changed signature of the authority',
    {
      stamp: {
        signature: (bytes) => {
          const copy = Buffer.from(bytes);
          copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
          return copy;
        },
      },
    },
    /signature of its authority/,
  ],
  [
    'no digest among its attributes',
    { stamp: { attributes: ({ contentType, signingCertificateV2: ess }) => [contentType, ess] } },
    /does not sign what it says/,
  ],
  [
    'no certificate among its attributes',
    { stamp: { attributes: ({ contentType, messageDigest }) => [contentType, messageDigest] } },
    /names other certificates/,
  ],
  [
    'another certificate among its attributes',
    {
      stamp: {
        attributes: ({ contentType, messageDigest }) => [
          contentType,
          messageDigest,
          signingCertificateV2([STRANGER.certificate]),
        ],
      },
    },
    /names other certificates/,
  ],
  [
    'its root alone among its attributes',
    { stamp: { signerCertificate: Buffer.from('other') } },
    /names other certificates/,
  ],
  [
    'an empty list of certificates among its attributes',
    {
      stamp: { attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, signingCertificateV2([])] },
    },
    /names other certificates/,
  ],
  ['two signers', { stamp: { signers: 2 } }, /too many/],
  ['no signer', { stamp: { signers: 0 } }, /missing/],
  [
    'a certificate for code',
    { authority: { extensions: [extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.codeSigning)), true)] } },
    /not for timestamps alone/,
  ],
  [
    'a certificate for code as well',
    {
      authority: {
        extensions: [
          extension(
            OID.extendedKeyUsage,
            sequence(objectIdentifier(OID.timeStamping), objectIdentifier(OID.codeSigning)),
            true,
          ),
        ],
      },
    },
    /not for timestamps alone/,
  ],
  [
    'a certificate that is not marked critical',
    { authority: { extensions: [extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.timeStamping)))] } },
    /not for timestamps alone/,
  ],
  ['a certificate for anything', { authority: { extensions: [] } }, /not for timestamps alone/],
  [
    'a certificate with something critical that nobody knows',
    { authority: { extensions: [...TIMESTAMP_EXTENSIONS, extension('1.2.3.4', octetString(Buffer.from('x')), true)] } },
    /not valid at that time|certificates of its authority/,
  ],
  [
    'a root that is no authority',
    { authority: { rootExtensions: () => [extension(OID.basicConstraints, sequence(), true)] } },
    /certificates of its authority/,
  ],
  [
    'a root that may not sign certificates',
    {
      authority: {
        rootExtensions: (key) => [
          extension(OID.basicConstraints, sequence(yes), true),
          ...authorityExtensions(key).slice(2),
          extension(OID.keyUsage, encode(0x03, Buffer.from([7, 0x80])), true),
        ],
      },
    },
    /certificates of its authority/,
  ],
  [
    'a time before its certificate',
    {
      authority: withIntermediate({ notBefore: NOW - HOUR, notAfter: NOW + HOUR }),
      stamp: { timeMs: NOW - HOUR - 1000 },
      at: NOW - HOUR - 1000,
    },
    /certificates of its authority/,
  ],
  [
    'a time after its certificate',
    {
      authority: withIntermediate({ notBefore: NOW - HOUR, notAfter: NOW + HOUR }),
      stamp: { timeMs: NOW + HOUR + 1000 },
      at: NOW + HOUR + 1000,
    },
    /certificates of its authority/,
  ],
  [
    'a root that had expired by then',
    { authority: { rootPeriod: { notBefore: NOW - 9 * DAY, notAfter: NOW - DAY } } },
    /certificates of its authority/,
  ],
  ['its end cut', { reply: (reply) => reply.subarray(0, -1) }, /cut|beyond the end/],
  ['nothing', { reply: () => Buffer.alloc(0) }, /cut/],
];

/** Refused here alone: SHA-1, weak keys, attributes that RFC 5652 asks for, and bytes that belong to nothing. */
const STRICTER: readonly (readonly [string, Case, RegExp])[] = [
  ['an imprint of SHA-1', { stamp: { imprintDigest: 'sha1' } }, /another signature/],
  [
    'no type among its attributes',
    { stamp: { attributes: ({ messageDigest, signingCertificateV2: ess }) => [messageDigest, ess] } },
    /does not sign what it says/,
  ],
  ['a weak RSA key', { authority: { kind: 'rsa-weak' } }, /signature of its authority/],
  ['a certificate signed with SHA-1', { authority: { certificateDigest: 'sha1' } }, /unpinned/],
  ['something behind it', { reply: (reply) => Buffer.concat([reply, Buffer.from([0])]) }, /behind the element/],
];

function made({ authority: plan, stamp = {}, reply = (bytes) => bytes }: Case) {
  const authority = plan === undefined ? HONEST : create(plan);
  return { authority, reply: reply(authority.stamp(SIGNATURE, { timeMs: NOW, ...stamp })) };
}

describe('a timestamp with', () => {
  it.each(GOOD)('%s is proven, and openssl agrees', (_, plan) => {
    const { authority, reply } = made(plan);
    expect(ours(reply, authority.rootPem)).toMatchObject({ state: 'proven', timeMs: plan.at ?? NOW });
    expect(openssl(reply, SIGNATURE, authority.rootPem, plan.at ?? NOW)).toBe(true);
  });

  it.each(BAD)('%s proves nothing, and openssl agrees', (_, plan, reason) => {
    const { authority, reply } = made(plan);
    const verdict = ours(reply, authority.rootPem);
    expect(verdict.state).not.toBe('proven');
    expect(verdict.state === 'invalid' ? verdict.reason : verdict.state).toMatch(reason);
    expect(openssl(reply, SIGNATURE, authority.rootPem, plan.at ?? NOW)).toBe(false);
  });
});

describe('a timestamp with', () => {
  it.each(STRICTER)('%s proves nothing here, although openssl accepts it', (_, plan, reason) => {
    const { authority, reply } = made(plan);
    const verdict = ours(reply, authority.rootPem);
    expect(verdict.state).not.toBe('proven');
    expect(verdict.state === 'invalid' ? verdict.reason : verdict.state).toMatch(reason);
    expect(openssl(reply, SIGNATURE, authority.rootPem, NOW)).toBe(true);
  });
});

describe('the authority', () => {
  const reply = HONEST.stamp(SIGNATURE, { timeMs: NOW });
  const [root] = readCertificatesPem(HONEST.rootPem, 1);
  const anchors = root === undefined ? [] : [root];

  it('counts within its period only', () => {
    const at = (startMs: number, endMs: number) =>
      verifyTimestamp(reply, SIGNATURE, [{ anchors, others: [], period: { startMs, endMs } }]).state;
    expect(at(NOW, NOW)).toBe('proven');
    expect(at(NOW + 1, NOW + DAY)).toBe('invalid');
    expect(at(0, NOW - 1)).toBe('invalid');
  });

  it('is one of several', () => {
    const stranger = { anchors: readCertificatesPem(STRANGER.chainPem, 2), others: [] };
    const old = { anchors, others: [], period: { startMs: 0, endMs: 1 } };
    expect(verifyTimestamp(reply, SIGNATURE, [stranger, old, { anchors, others: [] }]).state).toBe('proven');
    expect(verifyTimestamp(reply, SIGNATURE, [stranger]).state).toBe('unpinned');
    expect(verifyTimestamp(reply, SIGNATURE, []).state).toBe('unpinned');
  });

  it('is found among the pinned certificates where the timestamp brings none', () => {
    const bare = HONEST.stamp(SIGNATURE, { timeMs: NOW, certificates: [] });
    expect(ours(bare, HONEST.chainPem).state).toBe('proven');
    expect(ours(bare, HONEST.rootPem).state).toBe('unpinned');
  });

  it('may name its root behind itself', () => {
    const named = HONEST.stamp(SIGNATURE, {
      timeMs: NOW,
      attributes: ({ contentType, messageDigest }) => [
        contentType,
        messageDigest,
        signingCertificateV2([HONEST.certificate, HONEST.root]),
      ],
    });
    expect(ours(named, HONEST.rootPem).state).toBe('proven');
    expect(openssl(named, SIGNATURE, HONEST.rootPem, NOW)).toBe(true);
  });

  it('is not asked for more than it signed: what it did not sign is not looked at', () => {
    const twice = HONEST.stamp(SIGNATURE, {
      timeMs: NOW,
      attributes: (list) => [...Object.values(list), attribute('1.2.3.4', octetString(Buffer.from('x')))],
    });
    expect(ours(twice, HONEST.rootPem).state).toBe('proven');
  });
});

it('never fails for any reason of its own, whatever bytes are flipped', () => {
  const reply = HONEST.stamp(SIGNATURE, { timeMs: NOW });
  const outcomes = new Set<string>();
  for (let at = 0; at < reply.length; at += 1) {
    for (const bit of [0x01, 0x20, 0x80]) {
      const copy = Buffer.from(reply);
      copy[at] = (copy[at] ?? 0) ^ bit;
      outcomes.add(ours(copy, HONEST.rootPem).state);
    }
  }
  expect([...outcomes].sort()).toEqual(['invalid', 'proven', 'unpinned']);
});
