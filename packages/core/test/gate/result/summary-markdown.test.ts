import { describe, expect, it } from '@jest/globals';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { summaryMarkdown } from '../../../src/gate/result/summary-markdown.ts';
import type { GateResult } from '../../../src/report/model/run-result.ts';
import { HOSTILE_TEXTS } from '../../support/hostile-texts.ts';

const GITHUB_LIMIT = 1024 * 1024;

const decision = {
  request: 'requests/promote.json',
  decision: 'allow',
  rule_id: 'release_governance.approval.approved',
  severity: 'low',
  reason: 'The release record is approved.',
  decision_id: 'dec_0123456789ab',
  expected: 'allow',
  met: true,
} as const;

const pass: GateResult = {
  verdict: 'pass',
  exit_code: 0,
  diagnosis: null,
  decisions: [decision],
  authentication: {
    method: 'oidc',
    provider: 'github-actions',
    repository: 'example-org/shop',
    key_id: 'kid-1',
    verified: ['repository', 'ref', 'sha', 'run_id'],
    unverified: ['runner_name'],
  },
  evidence: {
    dir: '.cavra/go-daemon',
    stream: '.cavra/go-daemon/release-governance-evidence.jsonl',
    records: 1,
    head_hash: 'ab'.repeat(32),
    valid: true,
    tail: 'unanchored',
    signatures: 'checked',
    keys: ['ci-evidence-2026-q4'],
  },
  checkpoint: null,
  timings_ms: { total: 12 },
  trust: { rule: 'this repository only' },
  identity: {
    provider: 'github-actions',
    repository: 'example-org/shop',
    workflow: 'Release',
    run_id: '778899',
    run_attempt: '2',
    ref: 'refs/heads/main',
    sha: '0123456789abcdef0123456789abcdef01234567',
    actor: 'release-bot',
    job: 'gate',
    runner_name: 'runner-7',
  },
  notes: ['no trust policy was given'],
};

const blocked: GateResult = {
  ...pass,
  verdict: 'fail',
  exit_code: 1,
  diagnosis: {
    code: 'CAVRA-E101',
    message: 'requests/promote.json: the decision is block, expected was allow',
    action: 'read the reason in `the result`, and run the gate again',
  },
  decisions: [{ ...decision, decision: 'block', met: false }],
};

function render(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

/** What a reader sees, in lines. */
function shown(result: GateResult, ...rest: [Parameters<typeof summaryMarkdown>[1]?]): string {
  return render(summaryMarkdown(result, ...rest))
    .replace(/\n/g, '')
    .replace(/<\/(tr|p|h2|h3|li)>/g, '\n')
    .replace(/<\/t[hd]><t[hd]>/g, ': ')
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

/** The markup alone: what may not depend on any text from outside. */
function markup(result: GateResult): string[] {
  return render(summaryMarkdown(result)).match(/<[^>]*>/g) ?? [];
}

describe('a pass', () => {
  it('says what was decided, who asked and what proves it', () => {
    const text = shown(pass);
    expect(text).toContain('✅ CAVRA release gate: pass\n');
    expect(text).toContain(
      'Decision: allow, by rule release_governance.approval.approved: The release record is approved.\n',
    );
    expect(text).toContain('Asked by: example-org/shop, on github-actions\n');
    expect(text).toContain('Ref and commit: refs/heads/main, 0123456789abcdef0123456789abcdef01234567\n');
    expect(text).toContain('Run: 778899, attempt 2, workflow Release, job gate\n');
    expect(text).toContain('Started by: release-bot\n');
    expect(text).toContain(
      'Identity: verified by the platform’s OIDC token, key kid-1: repository, ref, sha, run_id\n',
    );
    expect(text).toContain('Not verified: runner_name\n');
    expect(text).toContain('Trusted by: this repository only\n');
    expect(text).toContain('Evidence: valid, 1 record, tail unanchored\n');
    expect(text).toContain('Signatures: checked with ci-evidence-2026-q4\n');
    expect(text).toContain(`Head hash: ${'ab'.repeat(32)}\n`);
    expect(text).toContain('no trust policy was given\n');
    expect(text).toContain('The release may go ahead.');
  });

  it('under a checkpoint names it', () => {
    const checkpoint = { file: 'checkpoint.json', key_id: 'ci-attestation', result: 'PASSED' } as const;
    expect(shown({ ...pass, checkpoint })).toContain('Checkpoint: PASSED, signed with key ci-attestation\n');
    expect(shown(pass)).not.toContain('Checkpoint');
  });

  it('of an expected block is no permission to release', () => {
    const text = shown({ ...pass, decisions: [{ ...decision, decision: 'block', expected: 'block' }] });
    expect(text).toContain('That is no permission to release.');
    expect(text).not.toContain('may go ahead');
  });

  it('says where the evidence was published', () => {
    const remark = { text: 'artifact cavra-1', url: 'https://github.com/o/r/actions/runs/1/artifacts/2' };
    expect(shown(pass, [remark, { text: 'kept on disk' }])).toContain(
      'Publication: artifact cavra-1\nPublication: kept on disk\n',
    );
    expect(render(summaryMarkdown(pass, [remark]))).toContain(`<a href="${remark.url}">artifact cavra-1</a>`);
  });

  it.each(['javascript:alert(1)', 'http://x.example/', 'no url', 'data:text/html,x'])('never links to %s', (url) => {
    expect(render(summaryMarkdown(pass, [{ text: 'artifact', url }]))).not.toContain('<a ');
  });
});

describe('a failure', () => {
  it('says why, and what to do', () => {
    const text = shown(blocked);
    expect(text).toContain('❌ CAVRA release gate: fail\n');
    expect(text).toContain('(CAVRA-E101): requests/promote.json: the decision is block, expected was allow\n');
    expect(text).toContain('Decision: block, expected was allow, by rule');
    expect(text).toContain('Read the reason in the result, and run the gate again.');
    expect(render(summaryMarkdown(blocked))).toContain('<code>the result</code>');
  });

  it('says that an identity is only claimed', () => {
    const text = shown({ ...blocked, authentication: null, trust: null });
    expect(text).toContain('Identity: not verified: all of the above is only what the job says\n');
  });

  it('before anything was known says so', () => {
    const text = shown({
      ...blocked,
      decisions: [],
      identity: null,
      authentication: null,
      trust: null,
      evidence: null,
      notes: [],
    });
    expect(text).toContain('No decision was made.\n');
    expect(text).toContain('Asked by: unknown: the run ended before the job was identified\n');
    expect(text).toContain('Evidence: none: the run ended before any was written\n');
  });

  it('says that evidence is not valid', () => {
    const evidence = { ...(pass.evidence ?? fail()), valid: false, signatures: 'none', keys: [] };
    const text = shown({ ...blocked, evidence });
    expect(text).toContain('Evidence: not valid, 1 record');
    expect(text).toContain('Signatures: none\n');
  });
});

describe('several requests', () => {
  const many = [
    decision,
    { ...decision, request: 'b.json', decision: 'require_approval', met: false } as const,
    { ...decision, request: 'c.json', decision: 'block', met: false } as const,
  ];

  it('are all listed, the worst first', () => {
    const text = shown({ ...blocked, decisions: many });
    expect(text).toContain('The worst of 3 decisions counts.\n');
    const order = ['c.json: ❌: block', 'b.json: ❌: require_approval', 'requests/promote.json: ✅: allow'];
    const places = order.map((row) => text.indexOf(row));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('beyond fifty are counted', () => {
    expect(shown({ ...pass, decisions: Array.from({ length: 1000 }, () => decision) })).toContain(
      'And 950 more; the evidence has them all.\n',
    );
  });
});

/** The same result with every text that can come from outside replaced. */
function withTexts(text: string): GateResult {
  const replaced = <T extends object>(object: T): T =>
    Object.fromEntries(
      Object.entries(object).map(([name, value]) => [name, typeof value === 'string' ? text : value]),
    ) as T;
  const { diagnosis, authentication, identity, evidence } = blocked;
  const row = { ...replaced(decision), decision: 'block', expected: 'allow', met: false } as const;
  return {
    ...blocked,
    diagnosis: diagnosis && { ...diagnosis, message: text },
    decisions: [row, row],
    authentication: authentication && { ...replaced(authentication), verified: [text, text], unverified: [text] },
    identity: identity && replaced(identity),
    evidence: evidence && { ...replaced(evidence), signatures: 'checked', keys: [text] },
    trust: { rule: text },
    checkpoint: { file: text, key_id: text, result: 'FAILED' },
    notes: [text, text],
  };
}

describe('text from outside', () => {
  const expected = markup(withTexts('plain'));

  it.each(HOSTILE_TEXTS)('%j adds no markup', (text) => {
    const unquoted = text.replaceAll('`', '');
    expect(markup(withTexts(unquoted))).toEqual(expected);
  });

  it('can set off code in a message, and nothing else', () => {
    const added = markup({ ...blocked, diagnosis: blocked.diagnosis && { ...blocked.diagnosis, message: '`<b>` `' } });
    expect(added.length - markup(blocked).length).toBe(2);
  });

  it.each(['x', '\u202e', '🚀', '<'])('of any length leaves the summary below the limit: %j', (character) => {
    const long = character.repeat(100_000);
    const result = withTexts(long);
    const summary = summaryMarkdown({
      ...result,
      decisions: Array.from({ length: 1000 }, () => result.decisions[0] ?? decision),
      notes: Array.from({ length: 1000 }, () => long),
    });
    expect(Buffer.byteLength(summary)).toBeLessThan(GITHUB_LIMIT);
  });
});

function fail(): never {
  throw new Error('there is evidence');
}
