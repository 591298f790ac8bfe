import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../../src/domain/diagnosis.ts';
import { JsonError } from '../../../src/domain/json/error.ts';
import { parseRequest, parseWireRequest, requestProblems } from '../../../src/domain/request/parse.ts';
import { isTrustMember } from '../../../src/domain/request/trust-members.ts';
import { encodeRequest } from '../../../src/domain/wire/encode.ts';
import { EVALUATE_REQUEST, RELEASE_GOVERNANCE } from '../../../src/domain/wire/layout.ts';
import { refusalOf } from '../../support/refusal.ts';

function parse(text: string) {
  return parseRequest(Buffer.from(text));
}

function refusal(text: string | Uint8Array, read = parseRequest): ConfigurationError {
  const error = refusalOf(() => read(typeof text === 'string' ? Buffer.from(text) : text));
  expect(error).toBeInstanceOf(ConfigurationError);
  return error as ConfigurationError;
}

/** One value of each type, by the layout's own name of the type. */
const GOOD = { string: '"x"', int64: '7', boolean: 'true', 'string-list': '["a",""]' };
const WRONG = {
  string: ['1', 'true', 'null', '[]', '{}', '1.5'],
  int64: ['"1"', 'true', 'null', '[]', '{}', '7.0', '7e0', '-1.5', '9223372036854775808', '-9223372036854775809'],
  boolean: ['"true"', '1', '0', 'null', '[]', '{}'],
  'string-list': ['"a"', '1', 'true', 'null', '{}', '[1]', '["a",null]', '[["a"]]'],
};

const MEMBERS = [
  ...EVALUATE_REQUEST.fields.map((field) => ({
    field,
    path: `/${field.name}`,
    wrap: (value: string) => `{"${field.name}":${value}}`,
  })),
  ...RELEASE_GOVERNANCE.fields.map((field) => ({
    field,
    path: `/release_governance/${field.name}`,
    wrap: (value: string) => `{"release_governance":{"${field.name}":${value}}}`,
  })),
].flatMap(({ field: { type }, ...rest }) => (typeof type === 'object' ? [] : [{ type, ...rest }]));

describe('types are exact', () => {
  it.each(MEMBERS)('$path', ({ type, path, wrap }) => {
    expect(encodeRequest(parse(wrap(GOOD[type])))).toBe(wrap(GOOD[type]));
    for (const wrong of WRONG[type]) {
      const error = refusal(wrap(wrong));
      expect(error).toMatchObject({ code: 'CAVRA-E204', exitStatus: 2 });
      expect(error.message).toContain(path);
    }
  });

  it.each(['null', '[]', '"{}"', '7', 'true'])('a request must be an object, not %s', (text) => {
    expect(refusal(text).code).toBe('CAVRA-E204');
    expect(refusal(`{"release_governance":${text}}`)).toMatchObject({ code: 'CAVRA-E204' });
  });

  it('keeps integers exact to the ends of int64', () => {
    const text = '{"release_governance":{"blocked_count":9223372036854775807,"critical_count":-9223372036854775808}}';
    expect(parse(text).release_governance).toEqual({
      blocked_count: 9223372036854775807n,
      critical_count: -9223372036854775808n,
    });
    expect(encodeRequest(parse(text))).toBe(text);
  });
});

describe('empty values', () => {
  it('are left out, as on the wire', () => {
    const empty =
      '{"session_id":"","release_governance":{"metadata_kind":"","blocked_count":0,"critical_count":-0,"delivery_success":false,"failed_providers":[]}}';
    expect(parse(empty)).toEqual({ release_governance: {} });
    expect(parse('{}')).toEqual({});
  });

  it('do not take an empty record away', () => {
    expect(parse('{"release_governance":{}}')).toEqual({ release_governance: {} });
  });
});

describe('members', () => {
  it.each([
    ['{"sessionId":"s"}', '/sessionId is not a member of a request; it is spelt session_id'],
    ['{"Target":"s"}', '/Target is not a member of a request; it is spelt target'],
    ['{"target ":"s"}', '/target  is not a member of a request; it is spelt target'],
    ['{"t\u0430rget":"s"}', '/t\\u{430}rget is not a member of a request'],
    ['{"__proto__":{"target":"s"}}', '/__proto__ is not a member of a request'],
    ['{"metadata_kind":"x"}', '/metadata_kind is not a member of a request'],
    ['{"release_governance":{"target":"s"}}', '/release_governance/target is not a member of a request'],
    ['{"release_governance":{"Approval_State":"approved"}}', '/release_governance/Approval_State is not a member'],
    ['{"$schema":"x"}', '/$schema is not a member of a request'],
    ['{"":1}', '/ is not a member of a request'],
  ])('%s', (text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('CAVRA-E204');
    expect(error.message).toContain(message);
  });

  it('are all named, not only the first that is wrong', () => {
    const error = refusal(
      '{"x":1,"target":2,"release_governance":{"y":1,"blocked_count":"z","failed_providers":["a",1,2]}}',
    );
    expect(error.message).toBe(
      'the request: /x is not a member of a request; /target must be a string, found an integer; /release_governance/y is not a member of a request; /release_governance/failed_providers/1 must be a string, found an integer; /release_governance/failed_providers/2 must be a string, found an integer; /release_governance/blocked_count must be an integer, found a string',
    );
  });

  it('are counted when there are too many, in little time', () => {
    const many = `{${Array.from({ length: 60_000 }, (_, i) => `"m${i}":1`).join(',')}}`;
    const start = process.hrtime.bigint();
    const { message } = refusal(many);
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(3_000);
    expect(message).toMatch(/; and 59980 more$/);
    expect(message.length).toBeLessThan(2_000);
  });

  it('show no value of theirs', () => {
    const secret = 'hunter2-hunter2';
    for (const text of [`{"target":["${secret}"]}`, `{"target":"${secret}`, `{"x":"${secret}"}`, `${secret}`]) {
      expect(refusal(text).message).not.toContain(secret);
    }
  });
});

describe('trust is not for a request', () => {
  const names =
    'runner_auth Runner_Auth runnerAuth runner-auth RUNNER_AUTH auth issuer audience jwks jwks_url jwksUrl trust_policy keyring rules runtime socket identity signature key_id expected_decision expected-rule-id allowBlockingDecision CAVRA_RUNNER_OIDC_ISSUER CAVRA_RUNNER_AUTH_KEY_ID CAVRA_TRUST_POLICY';

  it.each(names.split(' '))('%s', (name) => {
    for (const text of [
      `{"${name}":{}}`,
      `{"release_governance":{"${name}":"x"}}`,
      `{"x":1,"target":1,"${name}":null}`,
    ]) {
      const error = refusal(text);
      expect(error).toMatchObject({ code: 'CAVRA-E205', exitStatus: 2 });
      expect(error.message).toContain(`/${name} is a setting of trust or authentication`);
    }
  });

  it('is said beside everything else that is wrong', () => {
    expect(refusal('{"target":1,"runner_auth":{}}').message).toContain('/target must be a string');
  });

  it('is no member that a request may have', () => {
    const allowed = [...EVALUATE_REQUEST.fields, ...RELEASE_GOVERNANCE.fields].map(({ name }) => name);
    expect(allowed.filter(isTrustMember)).toEqual(['runner_auth']);
  });
});

describe('what is not even JSON', () => {
  it.each([
    ['', 'unexpected_end'],
    ['{"target":"a","target":"a"}', 'duplicate_member'],
    ['{"target":"a","\\u0074arget":"b"}', 'duplicate_member'],
    ['{"release_governance":{"blocked_count":NaN}}', 'syntax'],
    ['{"target":"\\ud800"}', 'unpaired_surrogate'],
    ['\ufeff{}', 'byte_order_mark'],
    ['{}{}', 'trailing_text'],
    ['{"target":'.repeat(100_000), 'too_deep'],
    [' '.repeat(1024 * 1024 + 1), 'too_large'],
  ])('%#', (text, code) => {
    const error = refusal(text);
    expect(error.code).toBe('CAVRA-E204');
    expect(error.cause).toBeInstanceOf(JsonError);
    expect(error.cause).toHaveProperty('code', code);
  });

  it('CRLF between members is white space, in strings it must be escaped', () => {
    expect(parse('{\r\n  "target": "a\\r\\nb"\r\n}\r\n')).toEqual({ target: 'a\r\nb' });
    expect(refusal('{"target":"a\r\nb"}').code).toBe('CAVRA-E204');
  });
});

describe('messages', () => {
  it('begin with the source, on one line', () => {
    const error = refusalOf(() => parseRequest(Buffer.from('{"x":1}'), 'a\n::error::b.json'));
    expect(error).toHaveProperty('message', 'a\\u{a}::error::b.json: /x is not a member of a request');
  });
});

describe('a request on the wire', () => {
  const auth =
    '{"identity":{"provider":"local","repository":"o/r"},"algorithm":"HMAC-SHA256","key_id":"k","signature":"00"}';

  it('may have runner_auth', () => {
    const text = `{"target":"prod","runner_auth":${auth}}`;
    expect(encodeRequest(parseWireRequest(Buffer.from(text)))).toBe(text);
  });

  it.each([
    ['{"runner_auth":{}}', 'CAVRA-E204', '/runner_auth/identity is missing'],
    ['{"runner_auth":null}', 'CAVRA-E204', '/runner_auth must be an object, found null'],
    ['{"runner_auth":{"identity":[]}}', 'CAVRA-E204', '/runner_auth/identity must be an object'],
    ['{"runner_auth":{"identity":{"run_id":7}}}', 'CAVRA-E204', '/runner_auth/identity/run_id must be a string'],
    ['{"runner_auth":{"identity":{},"alg":"none"}}', 'CAVRA-E204', '/runner_auth/alg is not a member'],
    ['{"runner_auth":{"identity":{},"keyid":"x"}}', 'CAVRA-E205', '/runner_auth/keyid is a setting of trust'],
    [`{"Runner_Auth":${auth}}`, 'CAVRA-E205', '/Runner_Auth is a setting of trust'],
    [`{"runner_auth":${auth},"runner_auth":${auth}}`, 'CAVRA-E204', 'two members'],
    ['{"issuer":"https://issuer.example"}', 'CAVRA-E205', '/issuer is a setting of trust'],
  ])('%s', (text, code, message) => {
    const error = refusal(text, parseWireRequest);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('keeps an identity without members', () => {
    expect(parseWireRequest(Buffer.from('{"runner_auth":{"identity":{}}}'))).toEqual({ runner_auth: { identity: {} } });
  });
});

describe('requestProblems', () => {
  it('has nothing to say of a good request', () => {
    expect(requestProblems(Buffer.from('{"target":"x"}'))).toEqual([]);
  });

  it('throws only for what is not JSON', () => {
    expect(requestProblems(Buffer.from('[]'))).toHaveLength(1);
    expect(refusalOf(() => requestProblems(Buffer.from('[')))).toBeInstanceOf(JsonError);
  });
});
