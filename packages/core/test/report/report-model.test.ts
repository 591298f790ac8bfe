import { describe, expect, it } from '@jest/globals';
import { MAX_REPORT_LISTED_FINDINGS, MAX_REPORT_ROWS } from '../../src/domain/limits.ts';
import type { ReportInput, ReportModel } from '../../src/report/model/model.ts';
import type { Prose } from '../../src/report/model/prose.ts';
import { reportModel } from '../../src/report/report-model.ts';
import { BLOCKED, GENERATOR, inputOf, NOW, PASSED, VALID_STREAM } from '../support/reports.ts';
import { IDENTITY, KEY, sealChain, stream } from '../support/streams.ts';

const BLOCK = { response: { decision: 'block', rule_id: 'rule.block', reason: 'no' } } as const;
const WAIT = { response: { decision: 'require_approval', rule_id: 'rule.wait', reason: 'wait' } } as const;
const UNAUTHENTICATED = { response: { decision: 'block', rule_id: 'runner_auth.invalid', reason: 'forged' } } as const;

const DETAILS = {
  key_id: 'attest-1',
  time: '2026-03-04T05:10:00Z',
  result: 'PASSED',
  statement_sha256: 'ab'.repeat(32),
  previous_statement_sha256: null,
  subjects: ['release-governance-evidence.jsonl'],
} as const;

const lines = sealChain([{}, {}, {}, {}]);
const at = (index: number) => lines[index] ?? '';
const tampered = stream([at(0), at(1).replace('apr_1', 'apr_2'), at(2), at(3)]);
const gap = stream([at(0), at(1), at(3)]);

function textOf(prose: Prose | undefined): string {
  return (prose ?? []).map((part) => (typeof part === 'string' ? part : part.code)).join('');
}

function modelOf(...args: Parameters<typeof inputOf>): ReportModel {
  return reportModel(inputOf(...args));
}

const check = (model: ReportModel, label: string) => {
  const found = [...model.checks, ...model.seal].find((each) => each.label === label);
  return `${found?.tone}: ${textOf(found?.text)}`;
};

describe('the verdict', () => {
  it.each<[string, string, ReportInput]>([
    ['good', 'The gate passed', inputOf(VALID_STREAM, { gate: PASSED })],
    ['bad', 'The gate failed', inputOf(stream(sealChain([BLOCK])), { gate: BLOCKED })],
    [
      'warn',
      'The gate passed, and the release may not',
      inputOf(stream(sealChain([BLOCK])), {
        gate: {
          ...PASSED,
          decisions: PASSED.decisions.map((each) => ({ ...each, decision: 'block', expected: 'block' })),
        },
      }),
    ],
    ['good', 'The evidence is valid', inputOf(VALID_STREAM)],
    [
      'good',
      'The evidence is valid and as expected',
      inputOf(VALID_STREAM, { context: { expectations: { repository: IDENTITY.repository } } }),
    ],
    ['bad', 'The evidence is not valid', inputOf(tampered)],
    [
      'warn',
      'The chain is intact, but its author is not proven',
      inputOf(VALID_STREAM, { options: { signatures: { mode: 'integrity-only' } } }),
    ],
    [
      'bad',
      'There is nothing to report',
      { verification: undefined, story: undefined, now: NOW, generator: GENERATOR },
    ],
  ])('%s: %s', (tone, headline, input) => {
    const { verdict } = reportModel(input);
    expect(verdict).toMatchObject({ tone, headline });
  });

  it('names the cause and what to do', () => {
    const { verdict } = modelOf(stream(sealChain([BLOCK])), { gate: BLOCKED });
    expect(textOf(verdict.summary)).toBe(
      'The decision is not the expected one (CAVRA-E101): requests/promote.json: the decision is block, expected was allow.',
    );
    expect(textOf(verdict.action)).toBe('Read the reason with verify, and run the gate again.');
    expect(textOf(modelOf(tampered).verdict.summary)).toContain('Record 2 (line 2, byte');
  });

  it('never calls a refusal a permission', () => {
    const failed = { checkpoint: 'valid', tail: 'sealed', details: { ...DETAILS, result: 'FAILED' } } as const;
    const refusals = [
      modelOf(stream(sealChain([BLOCK, {}]))),
      modelOf(stream(sealChain([WAIT]))),
      modelOf(VALID_STREAM, { context: { checkpoint: failed } }),
    ];
    expect(refusals.map(({ verdict }) => [verdict.tone, verdict.headline])).toEqual(
      refusals.map(() => ['warn', 'The evidence is valid, and records a refusal']),
    );
    expect(refusals.every(({ verdict }) => textOf(verdict.summary).includes('no permission to release'))).toBe(true);
    expect(textOf(modelOf(VALID_STREAM).verdict.summary)).toContain('Every decision is allow');
  });
});

describe('the checkpoint', () => {
  const sealed = { checkpoint: 'valid', tail: 'sealed', details: DETAILS } as const;
  const integrityOnly = { signatures: { mode: 'integrity-only' } } as const;

  it('proves the records where no signature was checked', () => {
    const model = modelOf(VALID_STREAM, { context: { checkpoint: sealed }, options: integrityOnly });
    expect(model.verdict).toMatchObject({ tone: 'good', headline: 'The evidence is valid' });
    expect(check(model, 'Signatures')).toMatch(/^neutral: .*checkpoint/);
    expect(check(model, 'It says')).toBe(
      'good: PASSED at 2026-03-04 05:10:00 UTC: the release passed the gate, signed with attest-1. It is about release-governance-evidence.jsonl.',
    );
    expect(check(model, 'End of the stream')).toMatch(/^good: sealed/);
    expect(model.unchecked.map(textOf).join()).not.toMatch(/Who wrote|missing at the end/);
    expect(model.controls[0]?.standing).toBe('supported in part');
  });

  it('is to be checked by its public key, with this product and without', () => {
    const commands = modelOf(VALID_STREAM, { context: { checkpoint: sealed } }).commands.map(({ command }) => command);
    expect(commands[1]).toMatch(/^cavra-release-governance verify \. --public-key release-attestation\.pub\.pem \\/);
    expect(commands[2]).toContain('openssl pkeyutl -verify');
    expect(modelOf(VALID_STREAM).commands.some(({ command }) => command.includes('openssl'))).toBe(false);
  });

  it('that nobody checked, or that does not hold, proves nothing', () => {
    const unchecked = { ...sealed, checkpoint: 'unchecked', tail: 'unanchored' } as const;
    const model = modelOf(VALID_STREAM, { context: { checkpoint: unchecked }, options: integrityOnly });
    expect(model.verdict.tone).toBe('warn');
    expect(check(model, 'Checkpoint')).toMatch(/^warn: not checked/);
    expect(check(model, 'It says')).toMatch(/^neutral/);
  });
});

describe('the picture of the chain', () => {
  const links = ({ chain }: ReportModel) => chain.links.flatMap((link) => (link.kind === 'record' ? [link] : []));

  it('shows which record each follows, and how it ends', () => {
    const { chain } = modelOf(VALID_STREAM);
    const [first, second] = links(modelOf(VALID_STREAM));
    expect(first?.previousHash).toBe('');
    expect(second?.previousHash).toBe(first?.recordHash);
    expect(chain.end).toMatchObject({ tone: 'warn' });
    const sealed = { checkpoint: 'valid', tail: 'sealed', details: DETAILS } as const;
    expect(modelOf(VALID_STREAM, { context: { checkpoint: sealed } }).chain.end).toMatchObject({ tone: 'good' });
    expect(modelOf(stream([])).chain.end).toBeUndefined();
  });

  it('shows a record that follows another one than that above it', () => {
    const [, second, third] = links(modelOf(gap));
    expect(third?.link).toBe('broken');
    expect(third?.previousHash).not.toBe(second?.recordHash);
  });
});

describe('who asked', () => {
  it('says once what all jobs have in common', () => {
    const byJob = (job: string) => ({ request: { runner_auth: { identity: { ...IDENTITY, job } } } });
    const { runner } = modelOf(stream(sealChain([byJob('eu'), byJob('us'), byJob('us')])));
    expect(runner.common.map(({ label }) => label)).toContain('Repository');
    expect(runner.runners.map(({ fields }) => fields.map(({ label, value }) => `${label} ${value}`))).toEqual([
      ['Job eu'],
      ['Job us'],
    ]);
    expect(modelOf(VALID_STREAM).runner.common).toEqual([]);
  });
});

describe('the checks', () => {
  it('of a gate', () => {
    const model = modelOf(VALID_STREAM, { gate: PASSED });
    expect(check(model, 'Identity')).toBe(
      'good: proven by the platform’s OIDC token (key kid-1); runner_name is only the job’s own word',
    );
    expect(check(model, 'Decision')).toBe('good: allow by rule release_governance.approval.approved');
    expect(check(model, 'Chain')).toBe('good: 3 records, each hashed and linked to the one before');
    expect(check(model, 'Signatures')).toBe('good: checked, signed with test-key');
    expect(check(model, 'End of the stream')).toMatch(/^warn: unanchored/);
  });

  it('of a job that is not proven, not trusted, or not allowed', () => {
    const identity = (gate: Partial<typeof PASSED>) =>
      check(modelOf(VALID_STREAM, { gate: { ...PASSED, ...gate } }), 'Identity');
    expect(identity({ authentication: null })).toMatch(/^bad: not proven/);
    expect(identity({ authentication: null, identity: null })).toMatch(/^bad: unknown/);
    expect(identity({ trust: null })).toMatch(/^bad: .*not trusted/);
    expect(check(modelOf(VALID_STREAM, { gate: BLOCKED }), 'Decision')).toMatch(/^bad: block .* expected was allow$/);
  });

  it('of evidence by itself', () => {
    const mixed = modelOf(stream(sealChain([BLOCK, WAIT, {}])));
    expect(check(mixed, 'Decision')).toBe('bad: allow 1 time, require_approval 1 time, block 1 time');
    expect(check(modelOf(stream(sealChain([UNAUTHENTICATED, {}]))), 'Identity')).toBe(
      'bad: 1 record of 2 without a good proof of who asked',
    );
    expect(check(modelOf(tampered), 'Decision')).toMatch(/^neutral: .*as the stream says$/);
    expect(check(modelOf(tampered), 'Identity')).toMatch(/^warn/);
    expect(check(modelOf(gap), 'Chain')).toBe('bad: 3 records, with 1 error');
  });

  it('of signatures that are missing or of other keys', () => {
    const unsigned = modelOf(stream(sealChain([{}], 'unsigned')));
    const foreign = modelOf(stream(sealChain([{}], { ...KEY, id: 'unknown-key' })));
    const unchecked = modelOf(VALID_STREAM, { options: { signatures: { mode: 'integrity-only' } } });
    expect(check(unsigned, 'Signatures')).toBe('bad: not as they must be: the record is not signed');
    expect(check(foreign, 'Signatures')).toMatch(/^bad: .*unknown-key/);
    expect(check(unchecked, 'Signatures')).toMatch(/^warn: not checked/);
  });
});

describe('the chain', () => {
  const links = (model: ReportModel) =>
    model.chain.links.map((link) =>
      link.kind === 'gap'
        ? `${link.records} more`
        : `${link.record} ${link.decision} ${link.link} ${link.problems.length}`,
    );

  it('of few records is drawn whole', () => {
    expect(links(modelOf(VALID_STREAM))).toEqual(['1 allow first 0', '2 allow linked 0', '3 allow linked 0']);
    expect(modelOf(VALID_STREAM).chain.cells).toEqual([]);
  });

  it('breaks where records are missing, changed or unreadable', () => {
    expect(links(modelOf(gap))).toEqual(['1 allow first 0', '2 allow linked 0', '3 allow broken 1']);
    expect(links(modelOf(tampered))[1]).toBe('2 allow linked 1');
    expect(links(modelOf(stream([at(0), '{}', at(2)])))[1]).toBe('2 cannot be read broken 1');
    expect(links(modelOf(stream([at(1)])))).toEqual(['1 allow broken 1']);
  });

  it('of many records is drawn in cells, with its ends and its breaks', () => {
    const all = sealChain(Array.from({ length: 500 }, (_, index) => (index === 250 ? BLOCK : {})));
    const broken = [...all.slice(0, 99), all[99]?.replace('apr_1', 'apr_2') ?? '', ...all.slice(100)];
    const { chain } = modelOf(stream(broken));
    const sum = (pick: (cell: (typeof chain.cells)[number]) => number) =>
      chain.cells.reduce((total, cell) => total + pick(cell), 0);
    expect(links({ ...modelOf(stream(broken)) })).toEqual([
      '1 allow first 0',
      '2 allow linked 0',
      '3 allow linked 0',
      '96 more',
      '100 allow linked 1',
      '397 more',
      '498 allow linked 0',
      '499 allow linked 0',
      '500 allow linked 0',
    ]);
    expect(sum(({ allow }) => allow)).toBe(499);
    expect(sum(({ block }) => block)).toBe(1);
    expect(chain.cells.filter((cell) => cell.broken > 0).map(({ from, to }) => from <= 100 && to >= 100)).toEqual([
      true,
    ]);
    expect(chain.cells.at(-1)?.to).toBe(500);
    expect(chain.spans).toEqual([{ from: 1, to: 500, label: 'test-key', tone: 'good' }]);
  });
});

describe('decisions', () => {
  it('that are the same are shown once', () => {
    const { decisions } = modelOf(stream(sealChain([{}, BLOCK, {}])));
    expect(decisions.rows.map(({ names, decision }) => [names, decision])).toEqual([
      [['1', '3'], 'allow'],
      [['2'], 'block'],
    ]);
    expect(decisions.rules).toEqual([]);
  });

  it('of changed records are marked', () => {
    const { decisions } = modelOf(tampered);
    expect(decisions.rows.filter(({ doubtful }) => doubtful)).toMatchObject([{ names: ['2'], tone: 'neutral' }]);
    expect(textOf(decisions.caution)).toContain('not what is proven');
  });

  it('of many records are counted by rule, and the refusals shown', () => {
    const many = Array.from({ length: MAX_REPORT_ROWS + 1 }, (_, index) => (index === 40 ? BLOCK : {}));
    const { decisions } = modelOf(stream(sealChain(many)));
    expect(decisions.rules.map(({ ruleId, records, firstRecord }) => [ruleId, records, firstRecord])).toEqual([
      ['release_governance.approval.approved', MAX_REPORT_ROWS, 1],
      ['rule.block', 1, 41],
    ]);
    expect(decisions.rows[0]).toMatchObject({ names: ['41'], decision: 'block' });
    expect(decisions.omitted).toBe(MAX_REPORT_ROWS + 1 - 20);
  });

  it('of a gate say what was asked, and what was expected', () => {
    const { decisions } = modelOf(VALID_STREAM, { gate: BLOCKED });
    expect(decisions.rows).toMatchObject([
      { named: 'request', names: ['requests/promote.json'], tone: 'bad', expected: 'allow' },
    ]);
    expect(decisions.rows[0]?.question).toContainEqual({ label: 'Approval', value: 'apr_1' });
  });
});

describe('who asked', () => {
  it('is told field by field, proven or not', () => {
    const { runner } = modelOf(VALID_STREAM, { gate: PASSED });
    const fields = runner.runners[0]?.fields.map(({ label, proof }) => [label, proof]);
    expect(fields).toContainEqual(['Repository', 'proven']);
    expect(fields).toContainEqual(['Runner', 'stated']);
    expect(fields).toContainEqual(['Platform', 'stated']);
  });

  it('is what the records say when there is no run', () => {
    const { runner, about } = modelOf(VALID_STREAM);
    expect(textOf(runner.summary)).toContain('one-time HMAC');
    expect(runner.runners[0]?.fields.every(({ proof }) => proof === undefined)).toBe(true);
    expect(about).toEqual(['example-org/example-repo', 'main', '0123456789ab', 'run 9000000001']);
  });

  it('is told job by job', () => {
    const other = { request: { runner_auth: { identity: { ...IDENTITY, run_id: '2' } } } };
    const { runner, about } = modelOf(stream(sealChain([{}, other, {}])));
    expect(runner.runners.map(({ scope }) => scope)).toEqual([
      '2 records, first in record 1',
      '1 record, first in record 2',
    ]);
    expect(about).toEqual([]);
  });
});

describe('findings', () => {
  it('have their place, and their meaning once', () => {
    const { findings } = modelOf(stream([at(0), '{}', '{}', at(3)]));
    expect(findings.rows.map(({ code, record, line, meaning }) => [code, record, line, meaning !== ''])).toEqual([
      ['non_canonical', 2, 2, true],
      ['non_canonical', 3, 3, false],
    ]);
  });

  it('are listed up to a limit and then counted', () => {
    const { findings } = modelOf(stream(Array.from({ length: 1_500 }, () => '{}')));
    expect(findings.rows).toHaveLength(MAX_REPORT_LISTED_FINDINGS);
    expect(findings.rows.length + findings.omitted).toBe(1_500);
  });
});

describe('keys', () => {
  const period = {
    id: 'test-key',
    status: 'retired',
    notBefore: Date.UTC(2026, 0, 1),
    notAfter: Date.UTC(2027, 0, 1),
  } as const;

  it('have their use, status and period', () => {
    expect(modelOf(VALID_STREAM, { keys: [period] }).keys).toEqual([
      {
        id: 'test-key',
        tone: 'good',
        status: 'active',
        records: 3,
        used: 'records 1 to 3',
        period: 'from 2026-01-01 00:00:00 UTC, until 2027-01-01 00:00:00 UTC',
      },
    ]);
    expect(modelOf(stream(sealChain([{}], { ...KEY, id: 'other' }))).keys).toMatchObject([
      { id: 'other', tone: 'bad' },
    ]);
  });
});

describe('what was not checked', () => {
  const unchecked = (...args: Parameters<typeof inputOf>) =>
    modelOf(...args)
      .unchecked.map(textOf)
      .join('\n');

  it('is said', () => {
    expect(unchecked(VALID_STREAM)).toContain('missing at the end');
    expect(unchecked(VALID_STREAM)).toContain('--expect-…');
    expect(unchecked(VALID_STREAM, { context: { expectations: { run_id: '1' } } })).not.toContain('--expect-…');
    expect(unchecked(VALID_STREAM, { gate: PASSED })).toContain('runner_name');
    expect(unchecked(VALID_STREAM)).not.toContain('no signature was checked');
    expect(unchecked(VALID_STREAM, { options: { signatures: { mode: 'integrity-only' } } })).toContain(
      'no signature was checked',
    );
  });
});

describe('commands', () => {
  it('hold the evidence to this run', () => {
    const [first] = modelOf(VALID_STREAM).commands;
    expect(first?.command.split(' \\\n  ')).toEqual([
      'cavra-release-governance verify . --keyring keyring.json',
      '--expect-provider github-actions',
      '--expect-repository example-org/example-repo',
      '--expect-ref refs/heads/main',
      '--expect-sha 0123456789abcdef0123456789abcdef01234567',
      '--expect-run-id 9000000001',
      '--expect-decision allow',
    ]);
  });

  it.each(['a;rm -rf ~', '$(id)', '`id`', "a'b", 'a b', 'a\nb', '--output=x', '-x', 'a|b', '%PATH%', 'a&b', '~', 'a*'])(
    'hold nothing that a shell would read: %j',
    (ref) => {
      const identity = { ...IDENTITY, ref, repository: ref };
      const { commands } = modelOf(stream(sealChain([{ request: { runner_auth: { identity } } }])));
      const [first] = commands;
      expect(first?.command).not.toContain(ref);
      expect(first?.command).not.toContain('--expect-ref');
      expect(textOf(first?.purpose)).toContain('--expect-repository, --expect-ref');
    },
  );

  it('name the stream by itself where there is no folder', () => {
    const commands = modelOf(VALID_STREAM, { context: { path: '/somewhere/a/run-7.jsonl' } }).commands.map(
      ({ command }) => command,
    );
    expect(commands.join('\n')).toContain('verify run-7.jsonl --keyring');
    expect(commands.at(-1)).toBe('sha256sum run-7.jsonl');
    expect(commands.join('\n')).not.toContain('somewhere');
  });
});

describe('controls', () => {
  const standing = (...args: Parameters<typeof inputOf>) =>
    new Set(modelOf(...args).controls.map((each) => each.standing));

  it('are never said to be met', () => {
    expect(standing(VALID_STREAM)).toEqual(new Set(['supported in part']));
    expect(modelOf(VALID_STREAM).controls.map(({ id }) => id)).toEqual(['PS.3.2', '10.3', 'CC8.1', 'A.8.15', 'A.8.32']);
    expect(modelOf(VALID_STREAM).controls.every(({ leaves }) => leaves !== '')).toBe(true);
  });

  it('are not supported by evidence that proves nothing', () => {
    const no = new Set(['not supported']);
    expect(standing(tampered)).toEqual(no);
    expect(standing(VALID_STREAM, { options: { signatures: { mode: 'integrity-only' } } })).toEqual(no);
    expect(standing(stream(sealChain([UNAUTHENTICATED])))).toEqual(no);
    expect(standing(stream([]))).toEqual(no);
  });
});
