import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { approvalJsonSchema } from '../../../../../scripts/published/approval-schema.ts';
import { ApprovalError } from '../../../src/domain/approvals/error.ts';
import { encodeApproval } from '../../../src/domain/approvals/statement.ts';
import { readApproval } from '../../../src/domain/approvals/statement-reader.ts';
import { ARTIFACT, COMMIT, REQUEST_SHA256, type StatementChanges, statementOf } from '../../support/approvals.ts';

const published = readFileSync(new URL('../../../../../schemas/approval.schema.json', import.meta.url), 'utf8');
const validate = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false }).compile(JSON.parse(published));

function refusal(bytes: Uint8Array | string): string {
  try {
    readApproval(Buffer.from(bytes as string));
    return 'accepted';
  } catch (error) {
    if (error instanceof ApprovalError) return error.message;
    throw error;
  }
}

const VARIANTS: readonly StatementChanges[] = [
  {},
  { commit: null },
  { artifacts: [ARTIFACT, { name: 'app.sbom.json', sha256: REQUEST_SHA256 }] },
  { predicate: { decision: 'reject', reason: 'no <change> freeze & "all"\u2028' } },
  { predicate: { decision: 'emergency', run_id: '30433642', reason: 'database is down' } },
  { predicate: { target: null, release_version: null, metadata_kind: null, issuer: 'https://gitlab.example' } },
];

describe('an approval', () => {
  it('has one exact text', () => {
    expect(encodeApproval(statementOf({ artifacts: [ARTIFACT] })).toString()).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"prod.json","digest":{"sha256":"${REQUEST_SHA256}"}},{"name":"git:${COMMIT}","digest":{"gitCommit":"${COMMIT}"}},{"name":"dist/app.tgz","digest":{"sha256":"${ARTIFACT.sha256}"}}],"predicateType":"urn:cavra:release-governance:approval:v1","predicate":{"decision":"approve","provider":"github-actions","issuer":null,"repository":"octo-org/octo-repo","repository_id":null,"run_id":null,"target":"production","release_version":"1.2.3","metadata_kind":"rollout-promotion-execution","reason":"","not_before":"2026-11-27T09:00:00Z","not_after":"2026-11-30T09:00:00Z","nonce":"00112233445566778899aabbccddeeff"}}\n`,
    );
  });

  it.each(VARIANTS)('is read as it was written: %j', (changes) => {
    const statement = statementOf(changes);
    expect(readApproval(encodeApproval(statement))).toEqual(statement);
    expect({ valid: validate(JSON.parse(encodeApproval(statement).toString())), errors: validate.errors }).toEqual({
      valid: true,
      errors: null,
    });
  });

  it.each<[string, (text: string) => string]>([
    ['white space', (text) => text.replace('","subject', '", "subject')],
    ['no line end', (text) => text.trimEnd()],
    ['two line ends', (text) => `${text}\n`],
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['another order', (text) => text.replace(/("issuer":null),("repository":"[^"]*")/, '$2,$1')],
    ['an unknown member', (text) => text.replace('"reason":""', '"reason":"","extra":1')],
    ['a member that is missing', (text) => text.replace('"issuer":null,', '')],
    ['a member twice', (text) => text.replace('"issuer":null', '"issuer":null,"issuer":null')],
    ['another escape', (text) => text.replace('prod.json', 'prod\\u002ejson')],
    ['an empty text for null', (text) => text.replace('"issuer":null', '"issuer":""')],
    ['another decision', (text) => text.replace('"approve"', '"approved"')],
    ['another provider', (text) => text.replace('"github-actions"', '"github"')],
    ['another type', (text) => text.replace('approval:v1', 'approval:v2')],
    ['no repository', (text) => text.replace('"octo-org/octo-repo"', 'null')],
    ['an e-mail address in its reason', (text) => text.replace('"reason":""', '"reason":"ask ann@example.com"')],
    ['a time with a fraction', (text) => text.replace('09:00:00Z', '09:00:00.5Z')],
    ['a time with an offset', (text) => text.replace('09:00:00Z', '09:00:00+00:00')],
    ['a day that is none', (text) => text.replace('2026-11-27', '2026-02-30')],
    ['an end before its beginning', (text) => text.replace('2026-11-30', '2026-11-27')],
    ['a short nonce', (text) => text.replace('00112233', '001122')],
    ['a nonce in capitals', (text) => text.replace('aabbccdd', 'AABBCCDD')],
    ['no subject', (text) => text.replace(/"subject":\[.*?\],"predicateType/, '"subject":[],"predicateType')],
    ['a commit as its first subject', (text) => text.replace(/\{"name":"prod.json".*?\}\},/, '')],
    ['a commit of another name', (text) => text.replace('git:0123', 'git:1123')],
    ['a short commit', (text) => text.replaceAll(COMMIT, COMMIT.slice(1))],
    ['a digest of another kind', (text) => text.replace('"sha256"', '"sha512"')],
    ['a second digest', (text) => text.replace(`"${REQUEST_SHA256}"`, `"${REQUEST_SHA256}","sha1":"00"`)],
    ['a list', () => '[]\n'],
    ['nothing', () => ''],
    ['no JSON', () => '{'],
    ['64 KiB and more', (text) => text.replace('"reason":""', `"reason":"${'x'.repeat(65_536)}"`)],
  ])('is refused with %s', (_, change) => {
    const text = encodeApproval(statementOf()).toString();
    expect(change(text)).not.toBe(text);
    expect(refusal(change(text))).not.toBe('accepted');
  });

  it('names each file once', () => {
    const twice = encodeApproval(statementOf({ artifacts: [{ ...ARTIFACT, name: 'prod.json' }] }));
    expect(refusal(twice)).toContain('/subject must be a list of different names');
  });
});

describe('the published schema', () => {
  it('is the one of the code; `node scripts/generate-schemas.mjs` writes it', () => {
    expect(published).toBe(approvalJsonSchema());
  });

  it.each([
    { decision: 'approved' },
    { nonce: 'x' },
    { reason: 'ann@example.com' },
    { not_before: '2026-11-27' },
    { repository: null },
  ])('refuses %j', (predicate) => {
    const document = JSON.parse(encodeApproval(statementOf()).toString());
    Object.assign(document.predicate, predicate);
    expect(validate(document)).toBe(false);
  });
});
