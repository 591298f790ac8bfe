import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { RuntimeFailure } from '../../../src/domain/diagnosis.ts';
import { encodeRequest, encodeResponse, encodeString, requestDigest } from '../../../src/domain/wire/encode.ts';
import type { EvaluateRequest } from '../../../src/domain/wire/messages.ts';

describe('encodeString', () => {
  it.each([
    ['"\\', '"\\"\\\\"'],
    ['\b\f\n\r\t', '"\\b\\f\\n\\r\\t"'],
    ['\u0000\u000b\u001f', '"\\u0000\\u000b\\u001f"'],
    ['<>&', '"\\u003c\\u003e\\u0026"'],
    ['\u2028\u2029', '"\\u2028\\u2029"'],
    ['/\u007f\u0080é😀\ufffd', '"/\u007f\u0080é😀\ufffd"'],
    ['\ud800', '"\ufffd"'],
    ['\udc00x\ud83d', '"\ufffdx\ufffd"'],
    ['\ud83d\ud83d\ude00', '"\ufffd😀"'],
  ])('writes %j', (text, json) => {
    expect(encodeString(text)).toBe(json);
  });
});

describe('encodeRequest', () => {
  it('writes members in wire order and leaves out what is empty', () => {
    const request: EvaluateRequest = {
      runner_auth: { signature: '', key_id: 'k', identity: { repository: 'r', provider: 'local', ref: '' } },
      release_governance: {
        rollback_reference_count: -(2n ** 63n),
        failed_providers: [],
        evidence_refs: ['', 'x'],
        delivery_success: false,
        approval_required_count: 0n,
        blocked_count: 2n ** 53n + 1n,
        metadata_kind: '',
      },
      target: 'prod',
      session_id: '',
    };
    expect(encodeRequest(request)).toBe(
      '{"target":"prod","release_governance":{"blocked_count":9007199254740993,"evidence_refs":["","x"],' +
        '"rollback_reference_count":-9223372036854775808},' +
        '"runner_auth":{"identity":{"provider":"local","repository":"r"},"key_id":"k"}}',
    );
  });

  it('keeps empty objects', () => {
    expect(encodeRequest({ release_governance: {}, runner_auth: { identity: {} } })).toBe(
      '{"release_governance":{},"runner_auth":{"identity":{}}}',
    );
    expect(encodeRequest({})).toBe('{}');
  });

  it('writes no member that the wire does not have', () => {
    const request = JSON.parse('{"target":"t","__proto__":{"actor":"x"},"extra":1}') as EvaluateRequest;
    expect(encodeRequest(request)).toBe('{"target":"t"}');
  });

  it.each([
    [{ target: 7 }],
    [{ release_governance: 'x' }],
    [{ release_governance: [1] }],
    [{ release_governance: { blocked_count: 1 } }],
    [{ release_governance: { blocked_count: 2n ** 63n } }],
    [{ release_governance: { delivery_success: 'true' } }],
    [{ release_governance: { evidence_refs: 'x' } }],
    [{ release_governance: { evidence_refs: [1] } }],
  ])('refuses %p', (request) => {
    const encode = () => encodeRequest(request as unknown as EvaluateRequest);
    expect(encode).toThrow(RuntimeFailure);
    expect(encode).toThrow(expect.objectContaining({ code: 'CAVRA-E599' }));
  });
});

describe('requestDigest', () => {
  it('is the hash of the request without runner_auth', () => {
    const request: EvaluateRequest = { target: 'prod', runner_auth: { identity: { provider: 'local' } } };
    const digest = createHash('sha256').update('{"target":"prod"}').digest('hex');
    expect(requestDigest(request)).toBe(digest);
    expect(requestDigest({ target: 'prod' })).toBe(digest);
  });
});

describe('encodeResponse', () => {
  it('writes members in wire order', () => {
    expect(encodeResponse({ timestamp: 't', evidence_refs: ['a'], decision: 'block', policy_id: 'p' })).toBe(
      '{"policy_id":"p","decision":"block","evidence_refs":["a"],"timestamp":"t"}',
    );
  });
});
