import { describe, expect, it } from '@jest/globals';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { EvidenceError } from '../../src/domain/diagnosis.ts';
import type { Finding } from '../../src/domain/verification/findings.ts';
import type { VerificationReport } from '../../src/domain/verification/report.ts';
import { verificationMarkdown } from '../../src/verify/verification-markdown.ts';
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts';

const valid: VerificationReport = {
  path: 'evidence/release-governance-evidence.jsonl',
  valid: true,
  records: 3,
  signed_records: 3,
  errors: [],
  schema_version: 'cavra.release-governance.verification.v1',
  findings: [],
  head_hash: 'ab'.repeat(32),
  first_timestamp: '2026-11-20T10:00:00Z',
  last_timestamp: '2026-11-20T10:00:01.5Z',
  keys: [{ key_id: 'ci-evidence-2026-q4', records: 3, status: 'active' }],
  signatures: 'checked',
  checkpoint: 'absent',
  tail: 'unanchored',
  sha256: 'cd'.repeat(32),
  verifier: { name: 'cavra-release-governance', version: '1.2.3' },
  stream_id: 'ef'.repeat(32),
  findings_omitted: 0,
  expectations: { repository: 'example-org/shop', run_id: '778899', decision: 'allow' },
};

const finding: Finding = {
  code: 'signature_mismatch',
  severity: 'error',
  record: 2,
  line: 2,
  offset: 1234,
  message: 'the signature does not match',
};

const failure = new EvidenceError('CAVRA-E401', 'the evidence is invalid: record 2');

function render(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

function shown(...args: Parameters<typeof verificationMarkdown>): string {
  return render(verificationMarkdown(...args))
    .replace(/\n/g, '')
    .replace(/<\/(tr|p|h2|h3|li)>/g, '\n')
    .replace(/<\/t[hd]><t[hd]>/g, ': ')
    .replace(/<[^>]+>/g, '');
}

describe('valid evidence', () => {
  it('says what was checked and what was not', () => {
    const text = shown(valid, undefined);
    expect(text).toContain('✅ CAVRA evidence: valid\n');
    expect(text).toContain('Signatures: 3 of 3 records, checked with ci-evidence-2026-q4\n');
    expect(text).toContain('Expected repository: example-org/shop\n');
    expect(text).toContain('Expected run id: 778899\n');
    expect(text).toContain('To: 2026-11-20T10:00:01.5Z\n');
    expect(text).toContain('Verified by: cavra-release-governance 1.2.3\n');
    expect(text).toContain('Not checked\nwhether records were cut off at the end: there is no checkpoint\n');
    expect(text).not.toContain('Findings');
  });

  it('under a checkpoint says what that says', () => {
    const checkpoint_details = {
      key_id: 'ci-attestation',
      time: '2026-11-20T10:00:02Z',
      result: 'PASSED',
      statement_sha256: '',
      previous_statement_sha256: null,
      subjects: [],
    } as const;
    const text = shown({ ...valid, checkpoint: 'valid', tail: 'sealed', checkpoint_details }, undefined);
    expect(text).toContain('Checkpoint: valid: PASSED at 2026-11-20T10:00:02Z, signed with key ci-attestation\n');
    expect(text).toContain('Tail: sealed\n');
    expect(text).not.toContain('Not checked');
  });

  it('without keys and expectations proves less, and says so', () => {
    const { expectations: _, ...without } = valid;
    const text = shown({ ...without, signatures: 'unchecked' }, undefined);
    expect(text).toContain('Signatures: unchecked\n');
    expect(text).toContain('who wrote the records: no signature was checked\n');
    expect(text).toContain('which run, repository and decision it is evidence of\n');
  });
});

describe('evidence that is not accepted', () => {
  it('says what is wrong and where', () => {
    const text = shown({ ...valid, valid: false, findings: [finding], findings_omitted: 7 }, failure);
    expect(text).toContain('❌ CAVRA evidence: not accepted\n');
    expect(text).toContain('(CAVRA-E401): the evidence is invalid: record 2\n');
    expect(text).toContain('❌: signature_mismatch: record 2 (line 2, byte 1234): the signature does not match\n');
    expect(text).toContain('And 7 more; the report has them.\n');
  });

  it('that was not found has no table', () => {
    const text = shown(undefined, new EvidenceError('CAVRA-E403', 'there is no evidence in x'));
    expect(text).toContain('(CAVRA-E403): there is no evidence in x\n');
    expect(text).not.toContain('Records');
  });
});

describe('text from outside', () => {
  const withText = (text: string): string[] => {
    const report: VerificationReport = {
      ...valid,
      valid: false,
      path: text,
      head_hash: text,
      first_timestamp: text,
      keys: [{ key_id: text, records: 1, status: 'unknown' }],
      findings: [{ ...finding, message: text }],
      expectations: { repository: text, ref: text },
    };
    const markdown = verificationMarkdown(report, new EvidenceError('CAVRA-E401', text.replaceAll('`', '')));
    return render(markdown).match(/<[^>]*>/g) ?? [];
  };
  const expected = withText('plain');

  it.each(HOSTILE_TEXTS)('%j adds no markup', (text) => {
    expect(withText(text)).toEqual(expected);
  });

  it('of any length stays below what a platform takes', () => {
    const findings = Array.from({ length: 1000 }, () => ({ ...finding, message: '\u202e'.repeat(10_000) }));
    const markdown = verificationMarkdown({ ...valid, findings }, failure);
    expect(Buffer.byteLength(markdown)).toBeLessThan(1024 * 1024);
  });
});
