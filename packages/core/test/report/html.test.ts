import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { printable } from '../../src/domain/text/printable.ts';
import { reportHtml } from '../../src/report/html/page.ts';
import { reportMarkdown } from '../../src/report/markdown.ts';
import type { ReportInput } from '../../src/report/model/model.ts';
import type { GateResult } from '../../src/report/model/run-result.ts';
import { reportModel } from '../../src/report/report-model.ts';
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts';
import { BLOCKED, GENERATOR, inputOf, PASSED, VALID_STREAM } from '../support/reports.ts';
import { KEY, sealChain, stream, unsealed } from '../support/streams.ts';

const page = (input: ReportInput) => reportHtml(reportModel(input));
const markdown = (input: ReportInput) =>
  micromark(reportMarkdown(reportModel(input)), {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  });

/** A stream and a gate's result with `text` wherever something from outside can stand. */
function filledWith(text: string): readonly ReportInput[] {
  const fields = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, text]));
  const identity = fields([
    'provider',
    'repository',
    'workflow',
    'run_id',
    'run_attempt',
    'ref',
    'sha',
    'actor',
    'job',
    'runner_name',
  ]);
  const { request, response } = unsealed(1, '');
  const governance = fields(['metadata_kind', 'release_version', 'release_channel', 'approval_id']);
  const record = (decision: 'allow' | 'block') => ({
    request: {
      ...request,
      ...fields(['actor', 'target', 'requested_operation']),
      release_governance: governance,
      runner_auth: { identity, algorithm: text, key_id: text, signature: text },
    },
    response: { ...response, ...fields(['decision_id', 'rule_id', 'severity', 'reason']), decision },
  });
  const lines = sealChain(
    Array.from({ length: 14 }, (_, index) => record(index === 7 ? 'block' : 'allow')),
    { ...KEY, id: text },
  );
  const gate: GateResult = {
    ...BLOCKED,
    diagnosis: { code: 'CAVRA-E101', message: text, action: 'do this' },
    decisions: [
      {
        request: text,
        decision: 'block',
        rule_id: text,
        severity: text,
        reason: text,
        decision_id: 'dec_1',
        expected: 'allow',
        met: false,
      },
    ],
    authentication: {
      method: 'oidc',
      provider: text,
      repository: text,
      key_id: text,
      verified: ['repository'],
      unverified: ['ref'],
    },
    trust: { rule: text },
    identity,
    notes: [text],
  };
  const path = `${text}/${text}`;
  const verifier = { name: text, version: text };
  // Neither key nor link fits, so findings quote it as well.
  const bytes = stream([...lines.slice(0, 3), ...lines.slice(4)]);
  const input = inputOf(bytes, { context: { path, verifier }, generator: verifier });
  return [input, { ...input, gate }];
}

/**
 * The tags of a page and the names of their attributes, without text and values. Where words may break is no matter, and a message of the
 * gate may set off `code`.
 */
function skeleton(markup: string): string {
  return [...markup.matchAll(/<(?:[^<>"]|"[^"]*")*>/g)]
    .map(([tag]) => tag.replace(/"[^"]*"/g, '""'))
    .filter((tag) => !['<wbr>', '<code>', '</code>'].includes(tag))
    .join('\n');
}

/** What a reader sees of a page that was written by this product, whose attributes are in double quotes. */
function shown(markup: string): string {
  return markup
    .replace(/<style>[^<]*<\/style>/, '')
    .replace(/<(?:[^<>"]|"[^"]*")*>/g, '')
    .replace(/&(amp|lt|gt|quot|#3[59]|#96);/g, (reference) => REFERENCES[reference] ?? '');
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#35;': '#',
  '&#39;': "'",
  '&#96;': '`',
};

describe('the page', () => {
  const text = page(inputOf(VALID_STREAM, { gate: PASSED }));

  it('is one whole document that loads and runs nothing', () => {
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toMatch(/<\/html>\n$/);
    expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|form|base|audio|video)\b/i);
    expect(text).not.toMatch(/\s(src|srcset|style|on[a-z]+|action|formaction|xlink:href)=/i);
    expect([...text.matchAll(/href="([^"]*)"/g)].every(([, target]) => target?.startsWith('#'))).toBe(true);
    expect(text).not.toMatch(/url\(|@import|https?:/);
  });

  it('allows its one style sheet, by its hash, and nothing else', () => {
    const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(text).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">`,
    );
    expect(text.indexOf('Content-Security-Policy')).toBeLessThan(text.indexOf('<style>'));
  });

  it('has every part, each named by its heading', () => {
    const labelled = [...text.matchAll(/<section aria-labelledby="([a-z]+)"><h2 id="([a-z]+)">([^<]+)/g)];
    expect(labelled.map(([, , , title]) => title)).toEqual([
      'Who asked',
      'Decision',
      'Chain',
      'Findings',
      'Keys and seal',
      'What was not checked',
      'Check it yourself',
      'Controls',
    ]);
    expect(labelled.every(([, label, id]) => label === id)).toBe(true);
    const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is the same for the same input', () => {
    expect(page(inputOf(VALID_STREAM, { gate: PASSED }))).toBe(text);
  });

  it('puts what is wrong first', () => {
    const broken = page(inputOf(stream(sealChain([{}, {}, {}]).toSpliced(1, 1))));
    expect(broken.indexOf('id="findings"')).toBeLessThan(broken.indexOf('id="who"'));
    expect(broken).toContain('<h1>The evidence is not valid</h1>');
  });
});

const NAMED_TEXTS = HOSTILE_TEXTS.filter((text) => text !== 'plain').map((text) => [JSON.stringify(text), text]);

describe('texts from outside', () => {
  const [benign, benignGate] = filledWith('plain text').map(page);
  const [benignMarkdown, benignGateMarkdown] = filledWith('plain text').map(markdown);

  it.each(NAMED_TEXTS)('%s show as text', (_, text) => {
    const [input, gateInput] = filledWith(text);
    if (input === undefined || gateInput === undefined) throw new Error('there are two inputs');
    expect(skeleton(page(input))).toBe(skeleton(benign ?? ''));
    expect(skeleton(page(gateInput))).toBe(skeleton(benignGate ?? ''));
    expect(shown(page(gateInput))).toContain(printable(text));
  });

  it.each(NAMED_TEXTS)('%s show as text in Markdown', (_, text) => {
    const [input, gateInput] = filledWith(text);
    if (input === undefined || gateInput === undefined) throw new Error('there are two inputs');
    expect(skeleton(markdown(input))).toBe(skeleton(benignMarkdown ?? ''));
    expect(skeleton(markdown(gateInput))).toBe(skeleton(benignGateMarkdown ?? ''));
  });
});

describe('the size', () => {
  const KIB = 1024;

  it('of 10,000 records is modest', () => {
    const records = Array.from({ length: 10_000 }, (_, index) =>
      index % 40 === 3
        ? ({ response: { decision: 'block', rule_id: `rule-${index % 7}`, reason: 'no' } } as const)
        : {},
    );
    expect(page(inputOf(stream(sealChain(records)))).length).toBeLessThan(200 * KIB);
  });

  it('of a stream of nothing but faults stays so', () => {
    expect(page(inputOf(stream(Array.from({ length: 10_000 }, () => '{}')))).length).toBeLessThan(200 * KIB);
  });

  it('of the longest hostile texts is bounded', () => {
    const sizes = filledWith('"<&'.repeat(5_000)).map((input) => page(input).length);
    expect(Math.max(...sizes)).toBeLessThan(400 * KIB);
  });
});

it('names who wrote it', () => {
  expect(shown(page(inputOf(VALID_STREAM)))).toContain(`Written by ${GENERATOR.name} ${GENERATOR.version}.`);
});
