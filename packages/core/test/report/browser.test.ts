import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describeWithBrowser, startBrowser } from '../../../../test/support/browser.ts';
import { auditPage } from '../../src/audit/page.ts';
import type { BundleLine } from '../../src/domain/audit/audit-lines.ts';
import { AuditSummarizer } from '../../src/domain/audit/summary.ts';
import { printable } from '../../src/domain/text/printable.ts';
import { reportHtml } from '../../src/report/html/page.ts';
import type { ReportInput } from '../../src/report/model/model.ts';
import { reportModel } from '../../src/report/report-model.ts';
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts';
import { BLOCKED, inputOf, PASSED, VALID_STREAM } from '../support/reports.ts';
import { IDENTITY, sealChain, stream } from '../support/streams.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BLOCK = { response: { decision: 'block', rule_id: 'rule.block', severity: 'critical', reason: 'no' } } as const;
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

const many = sealChain(Array.from({ length: 10_000 }, (_, index) => (index % 100 === 42 ? BLOCK : {})));
const pages: Readonly<Record<string, ReportInput>> = {
  'a gate that passed': inputOf(VALID_STREAM, { gate: PASSED }),
  'a gate that failed': inputOf(stream(sealChain([BLOCK])), { gate: BLOCKED }),
  'a valid stream': inputOf(VALID_STREAM),
  'a tampered stream': inputOf(
    stream(
      sealChain([{}, {}, {}, {}, {}])
        .map((line, i) => (i === 2 ? '{}' : line))
        .toSpliced(3, 1),
    ),
  ),
  '10,000 records': inputOf(stream(many)),
  '10,000 records, tampered': inputOf(
    stream(many.map((line, i) => (i % 900 === 5 ? line.replace('prod', 'Prod') : line))),
  ),
  'an unchecked stream': inputOf(VALID_STREAM, { options: { signatures: { mode: 'integrity-only' } } }),
  'no evidence at all': inputOf(stream([])),
};

interface Opened {
  readonly page: Page;
  /** Requests other than for the page itself. */
  readonly requests: readonly string[];
  /** What the console said, such as a violated policy. */
  readonly messages: readonly string[];
  readonly close: () => Promise<void>;
}

describeWithBrowser()('in a browser', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cavra-report-'));
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  async function open(html: string, options: BrowserContextOptions): Promise<Opened> {
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const url = pathToFileURL(file).href;
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const requests: string[] = [];
    const messages: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url) requests.push(request.url());
    });
    page.on('console', (message) => messages.push(message.text()));
    page.on('dialog', (dialog) => messages.push(dialog.message()));
    page.on('pageerror', (error) => messages.push(String(error)));
    await page.goto(url, { waitUntil: 'load' });
    return { page, requests, messages, close: () => context.close() };
  }

  it.each(Object.entries(pages))(
    '%s: accessible, whole and alone, light on a desk and dark on a phone',
    async (_, input) => {
      // The checker is a script, which the page's own policy rightly refuses.
      const { page, requests, close } = await open(reportHtml(reportModel(input)), { bypassCSP: true });
      await page.evaluate(AXE);
      const found: string[] = [];
      // Colours and widths do not depend on each other.
      for (const [colorScheme, viewport] of [
        ['light', DESKTOP],
        ['dark', PHONE],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        const place = `${colorScheme}, ${viewport.width} wide`;
        found.push(...(await violations(page)).map((violation) => `${place}: ${violation}`));
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(overflow) > 0) found.push(`${place}: wider than the window by ${overflow}`);
      }
      expect({ found, requests }).toEqual({ found: [], requests: [] });
      await close();
    },
  );

  it('an audit: accessible, whole and alone, light on a desk and dark on a phone', async () => {
    const summarizer = new AuditSummarizer([{ repository: 'example-org/shop', run_id: '99' }]);
    const lines = ['valid', 'invalid', 'unmet', 'unreadable'].map((status, index) => auditLine(status, index));
    for (const line of lines) summarizer.add(line);
    const { page, requests, close } = await open(auditPage(lines, summarizer.summary(), '1.2.3'), { bypassCSP: true });
    await page.evaluate(AXE);
    const found: string[] = [];
    for (const [colorScheme, viewport] of [
      ['light', DESKTOP],
      ['dark', PHONE],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      found.push(...(await violations(page)));
      if (Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth')) > 0) found.push('too wide');
    }
    expect({ found, requests }).toEqual({ found: [], requests: [] });
    const text = (await page.evaluate('document.body.innerText')) as string;
    for (const hostile of HOSTILE_TEXTS.slice(2, 6)) expect(text).toContain(printable(hostile).trim());
    await close();
  });

  it('keeps to its own policy, which applies its style and nothing else', async () => {
    const { page, requests, messages, close } = await open(reportHtml(reportModel(inputOf(VALID_STREAM))), {
      viewport: DESKTOP,
    });
    const [padding, background] = (await page.evaluate(
      `[getComputedStyle(document.querySelector('.checks li')).paddingTop, getComputedStyle(document.body).margin]`,
    )) as [string, string];
    expect([padding, background]).toEqual(['12.8px', '0px']);
    expect({ requests, messages }).toEqual({ requests: [], messages: [] });
    // Had something slipped through, the policy would still stop it.
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src="https://evil.example/x"><p id="styled" style="color:red">x</p>')`,
    );
    expect(await page.evaluate(`getComputedStyle(document.getElementById('styled')).color`)).not.toBe('rgb(255, 0, 0)');
    expect(messages.filter((message) => message.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(2);
    await close();
  });

  it('shows hostile texts as text', async () => {
    const records = HOSTILE_TEXTS.map(
      (text, index) =>
        ({
          request: {
            target: text,
            requested_operation: text,
            release_governance: { metadata_kind: text, release_version: text },
            runner_auth: { identity: { ...IDENTITY, actor: text, job: `${index} ${text}` }, algorithm: text },
          },
          response: { decision: 'allow', rule_id: text, reason: `${index} ${text}`, severity: text },
        }) as const,
    );
    const shown = HOSTILE_TEXTS.map((text) => printable(text.replace('\ud800', '\ufffd')).trim().replace(/\s+/g, ' '));
    const { page, requests, messages, close } = await open(
      reportHtml(reportModel(inputOf(stream(sealChain(records))))),
      {
        viewport: DESKTOP,
      },
    );
    const text = ((await page.evaluate('document.body.innerText')) as string).replace(/\s+/g, ' ');
    expect(shown.filter((each) => !text.includes(each))).toEqual([]);
    expect(
      await page.evaluate('document.querySelectorAll("script,img,iframe,form,a[href]:not([href^=\\"#\\"])").length'),
    ).toBe(0);
    expect({ requests, messages }).toEqual({ requests: [], messages: [] });
    await close();
  });

  it('is readable on paper, whatever the colours of the screen', async () => {
    const { page, close } = await open(reportHtml(reportModel(inputOf(VALID_STREAM, { gate: PASSED }))), {
      colorScheme: 'dark',
    });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const colour = (selector: string, name: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${name}`);
    expect(await colour('body', 'backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await colour('body', 'color')).toBe('rgb(0, 0, 0)');
    expect(await colour('nav', 'display')).toBe('none');
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.length).toBeGreaterThan(10_000);
    await close();
  });
});

/** A line of an audit, with text from outside wherever there can be some. */
function auditLine(status: string, index: number): BundleLine {
  const text = HOSTILE_TEXTS[index + 2] ?? '';
  return {
    ...IDENTITY,
    repository: text,
    run_id: text,
    kind: 'bundle',
    path: `evidence/${text}`,
    status: status as BundleLine['status'],
    diagnosis: status === 'valid' ? '' : 'CAVRA-E401',
    message: status === 'valid' ? '' : text,
    records: 1200,
    signed_records: 1200,
    errors: 0,
    warnings: 1,
    decision: status === 'unreadable' ? '' : index === 0 ? 'block' : 'allow',
    rule_id: text,
    unauthenticated: index,
    first_timestamp: '2026-03-04T05:06:07Z',
    last_timestamp: '2026-03-04T05:06:07Z',
    signatures: 'checked',
    checkpoint: 'valid',
    tail: 'sealed',
    keys: [{ key_id: text, status: 'revoked', records: 1200 }],
    stream_id: '',
    head_hash: '',
    sha256: '',
  };
}

async function violations(page: Page): Promise<readonly string[]> {
  const result = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as AxeResult;
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}
