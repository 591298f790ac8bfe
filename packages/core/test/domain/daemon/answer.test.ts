import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ANSWER_PAYLOAD_TYPE, openAnswer, sealAnswer } from '../../../src/domain/daemon/answer.ts';
import { readEvaluateBody, readEvidenceBody, readHead, readResponse } from '../../../src/domain/daemon/answers.ts';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { parseStrictJson } from '../../../src/domain/json/parse.ts';
import { JsonObject } from '../../../src/domain/json/value.ts';
import { refusalOf } from '../../support/refusal.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const OTHER = generateKeyPairSync('ed25519');
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = { id: 'daemon-1', privateKey };
const LINE = sealAnswer('{"operation":"hello"}', KEY);

function isUntrusted(work: () => unknown): void {
  const error = refusalOf(work);
  expect(error).toBeInstanceOf(RuntimeFailure);
  expect(error).toMatchObject({ code: 'CAVRA-E521' });
}

function json(value: unknown): JsonObject {
  const parsed = parseStrictJson(Buffer.from(JSON.stringify(value)), { maxBytes: 1e6 });
  if (parsed instanceof JsonObject) return parsed;
  throw new Error('no object');
}

describe('a signed answer', () => {
  it('is opened by the pinned key', () => {
    expect(openAnswer(Buffer.from(LINE), [publicKey]).get('operation')).toBe('hello');
  });

  it('is opened by one of several pinned keys, so that keys can be rotated', () => {
    expect(openAnswer(Buffer.from(LINE), [OTHER.publicKey, publicKey]).get('operation')).toBe('hello');
  });

  it('is not opened by another key, or none', () => {
    isUntrusted(() => openAnswer(Buffer.from(LINE), [OTHER.publicKey]));
    isUntrusted(() => openAnswer(Buffer.from(LINE), [RSA.publicKey]));
    isUntrusted(() => openAnswer(Buffer.from(LINE), []));
  });

  it('is not believed when any bit of it was changed', () => {
    const bytes = Buffer.from(LINE);
    let tried = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // The key id is a hint, which the signature does not cover.
      if (at >= LINE.indexOf('"keyid"') && at < LINE.indexOf('"sig"')) continue;
      isUntrusted(() => openAnswer(changed, [publicKey]));
      tried += 1;
    }
    expect(tried).toBeGreaterThan(150);
  });

  it.each([
    ['another type', { payloadType: 'application/vnd.in-toto+json' }],
    ['no signature', { signatures: [] }],
    ['signatures of another form', { signatures: 'x' }],
    ['a payload of another form', { payload: 5 }],
  ])('is not believed with %s', (_, change) => {
    isUntrusted(() => openAnswer(Buffer.from(JSON.stringify({ ...JSON.parse(LINE), ...change })), [publicKey]));
  });

  it('is not a signature over anything but an answer', () => {
    expect(JSON.parse(LINE).payloadType).toBe(ANSWER_PAYLOAD_TYPE);
  });

  it.each(['', '{', '[]', 'null', '"x"'])('is not %j', (line) => {
    isUntrusted(() => openAnswer(Buffer.from(line), [publicKey]));
  });
});

describe('the content of an answer', () => {
  const daemon = { name: 'n', instance: 'i', version: 'v' };

  it('must answer what was asked', () => {
    const answer = json({ operation: 'hello', nonce: 'a', daemon });
    expect(readHead(answer, { operation: 'hello', nonce: 'a' })).toEqual(daemon);
    isUntrusted(() => readHead(answer, { operation: 'hello', nonce: 'b' }));
    isUntrusted(() => readHead(answer, { operation: 'stop', nonce: 'a' }));
  });

  it('may be an error, in the daemon’s own words', () => {
    const answer = json({ operation: 'error', nonce: 'a', daemon, error: { code: 'CAVRA-E501', message: 'full' } });
    const error = refusalOf(() => readHead(answer, { operation: 'evaluate', nonce: 'a' }));
    expect(error).toMatchObject({ code: 'CAVRA-E523', message: 'full (CAVRA-E501)' });
  });

  it.each([
    ['no decision', {}],
    ['an unknown decision', { decision: 'maybe' }],
    ['an unknown member', { decision: 'allow', extra: 1 }],
    ['a list', []],
    ['nothing', null],
  ])('is no response with %s', (_, value) => {
    isUntrusted(() => readResponse(json({ value }).get('value')));
  });

  it('is complete', () => {
    const body = {
      request_sha256: 'x',
      response: { decision: 'allow' },
      runner: { method: 'hmac', key_id: '', verified: ['provider'], unverified: [], notes: [] },
      trust_rule: '',
      refusal: null,
      stream: { name: 's', records: 1, head_hash: 'h' },
      replayed: false,
    };
    expect(readEvaluateBody(json(body))).toEqual(body);
    for (const name of Object.keys(body)) {
      isUntrusted(() => readEvaluateBody(json({ ...body, [name]: 5 })));
    }
    isUntrusted(() => readEvaluateBody(json({ ...body, runner: { ...body.runner, verified: ['x'] } })));
    isUntrusted(() => readEvaluateBody(json({ ...body, stream: { ...body.stream, records: -1 } })));
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'a/b', '', 'unknown.json'])('names no file %j', (name) => {
    const stream = { name: 's', records: 1, head_hash: 'h' };
    isUntrusted(() => readEvidenceBody(json({ stream, files: [{ name, size: 1, sha256: 'x' }] })));
  });
});
