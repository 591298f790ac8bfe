import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { checkpointJsonSchema } from '../../../../../scripts/published/checkpoint-schema.ts';
import { CHECKPOINT_MEMBER, statementBytes } from '../../../src/domain/checkpoint/statement.ts';
import { sha256, statementOf } from '../../support/checkpoints.ts';
import { sealChain } from '../../support/streams.ts';

const published = readFileSync(new URL('../../../../../schemas/checkpoint.schema.json', import.meta.url), 'utf8');
const ajv = new Ajv2020({ strict: true, formats: { 'date-time': true } });
const validate = ajv.compile(JSON.parse(published));

const json = (...changes: Parameters<typeof statementOf>) =>
  JSON.parse(statementBytes(statementOf(...changes)).toString());

describe('the published schema', () => {
  it('is the one of the code; `node scripts/generate-schemas.mjs` writes it', () => {
    expect(published).toBe(checkpointJsonSchema());
  });

  it('takes what the gate writes', () => {
    const previous = {
      statement_sha256: sha256('p'),
      stream_id: sha256('s'),
      record_count: 2,
      consistency: [sha256('c')],
    };
    const bare = { files: { claims: null, response: null, stream: sha256('x') }, authentication: null };
    for (const statement of [
      json(sealChain([{}]), 'k'),
      json(sealChain([{}]), 'k', { result: 'FAILED', claims: bare }),
      json(sealChain([{}, {}]), 'k', { claims: { previous_checkpoint: previous } }),
      json(sealChain([{}]), 'k', { claims: { policy: { sha256: sha256('p'), rules: 'strict' } } }),
    ]) {
      expect({ valid: validate(statement), errors: validate.errors }).toEqual({ valid: true, errors: null });
    }
  });

  it.each<[string, (statement: ReturnType<typeof json>) => void]>([
    ['another type', (statement) => Object.assign(statement, { _type: 'x' })],
    ['no subject', (statement) => Object.assign(statement, { subject: [] })],
    ['a digest of nothing', (statement) => Object.assign(statement.subject[0], { digest: {} })],
    ['another result', (statement) => Object.assign(statement.predicate, { verificationResult: 'WARNED' })],
    ['no records', (statement) => Object.assign(statement.predicate[CHECKPOINT_MEMBER], { record_count: 0 })],
    ['no root', (statement) => delete statement.predicate[CHECKPOINT_MEMBER].merkle_root],
    ['no claims of ours', (statement) => delete statement.predicate[CHECKPOINT_MEMBER]],
  ])('refuses %s', (_, change) => {
    const statement = json(sealChain([{}]), 'k');
    change(statement);
    expect(validate(statement)).toBe(false);
  });
});
