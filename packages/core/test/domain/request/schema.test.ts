import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { requestJsonSchema } from '../../../../../scripts/published/request-schema.ts';
import { REQUEST_MEMBERS } from '../../../src/domain/request/members.ts';
import { requestProblems } from '../../../src/domain/request/parse.ts';
import { EVALUATE_REQUEST, RELEASE_GOVERNANCE } from '../../../src/domain/wire/layout.ts';

const REPOSITORY = new URL('../../../../../', import.meta.url);
const COMMITTED = readFileSync(new URL('schemas/request.schema.json', REPOSITORY), 'utf8');

const validate = new Ajv2020({ strict: true }).compile(JSON.parse(COMMITTED));

describe('schemas/request.schema.json', () => {
  it('is what the tables give; after a change of them run `node scripts/generate-schemas.mjs`', () => {
    expect(COMMITTED).toBe(requestJsonSchema());
  });

  it('describes every member of a request but runner_auth', () => {
    const named = REQUEST_MEMBERS.map(({ name }) => name);
    const fields = [...EVALUATE_REQUEST.fields, ...RELEASE_GOVERNANCE.fields].map(({ name }) => name);
    expect(named).toEqual(fields.filter((name) => name !== 'runner_auth' && name !== 'release_governance'));
  });
});

describe('the schema and the parser', () => {
  const vectors = readFileSync(new URL('test/vectors/release_governance_decisions.jsonl', REPOSITORY), 'utf8');
  const requests = vectors
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line).request);

  it('accept the requests of the vectors', () => {
    expect(requests.filter((request) => !validate(request))).toEqual([]);
    expect(requests.flatMap((request) => requestProblems(Buffer.from(JSON.stringify(request))))).toEqual([]);
  });

  it.each<unknown>([
    null,
    [],
    { x: 1 },
    { Target: 'x' },
    { target: 1 },
    { target: null },
    { runner_auth: { identity: {} } },
    { release_governance: null },
    { release_governance: { approval: {} } },
    { release_governance: { blocked_count: '1' } },
    { release_governance: { blocked_count: 1.5 } },
    { release_governance: { blocked_count: 1e20 } },
    { release_governance: { delivery_success: 'true' } },
    { release_governance: { failed_providers: 'a' } },
    { release_governance: { failed_providers: [1] } },
  ])('refuse %j', (request) => {
    expect(validate(request)).toBe(false);
    expect(requestProblems(Buffer.from(JSON.stringify(request)))).not.toEqual([]);
  });

  it.each<unknown>([
    {},
    { target: '', release_governance: {} },
    { action_type: 'read_file' },
    {
      release_governance: {
        metadata_kind: 'of my own',
        integrity_status: 'odd',
        blocked_count: -1,
        failed_providers: [],
      },
    },
  ])('accept %j: what words mean is for the rules', (request) => {
    expect(validate(request)).toBe(true);
    expect(requestProblems(Buffer.from(JSON.stringify(request)))).toEqual([]);
  });
});
