import type { ChainCell, ChainLink, ChainPart, Check, Tone } from '../model/model.ts';
import { count, counted, utc } from '../model/prose.ts';
import { recordsText } from '../sections/chain.ts';
import { icon } from './icons.ts';
import { type Html, type HtmlValue, html, prose } from './markup.ts';
import type { Section } from './sections.ts';

/** The chain: the whole stream as a strip when it is long, and its records, or those that matter, link by link. */
export function chainSection(chain: ChainPart): Section {
  return {
    id: 'chain',
    title: 'Chain',
    count: chain.records === 0 ? '' : count(chain.records),
    body: html`<p class="intro">${prose(chain.summary)}</p>${chain.cells.length === 0 ? '' : strip(chain)}${rail(chain)}`,
  };
}

/** Heights of the lanes, in units of the drawing; its width is one unit a record. */
const DECISIONS_HEIGHT = 44;
const CHAIN_HEIGHT = 12;
const TIME_HEIGHT = 32;
const KEYS_HEIGHT = 8;
/** Space between two cells, as a share of a cell. */
const CELL_GAP = 0.18;

function strip(chain: ChainPart): Html {
  const { records, cells, spans, firstTime, lastTime } = chain;
  const keyNames = [...new Map(spans.map(({ label, tone }) => [label, tone]))].slice(0, 6);
  return html`<figure class="strip"><div class="lanes">
<span class="lane">Decisions</span>${lane(records, DECISIONS_HEIGHT, decisionsLabel(chain), cells.map(cellBars))}
<span class="lane">Chain</span>${lane(records, CHAIN_HEIGHT, chainLabel(chain), [chainLine(records), cells.map(breakMark)])}
<span class="lane">Time</span>${lane(records, TIME_HEIGHT, `Time, from ${utc(firstTime)} to ${utc(lastTime)}`, [baseline(records), curve(cells)])}
<span class="lane">Keys</span>${lane(records, KEYS_HEIGHT, `Keys: ${keyNames.map(([label]) => label).join(', ')}`, spans.map(keyBar))}
<div class="labels">${keyNames.map(([label, tone]) => html`<span class="${tone === 'bad' ? 'bad' : ''}"><code>${label}</code></span>`)}</div>
<div class="axis"><span>record 1<br>${utc(firstTime)}</span><span>record ${count(records)}<br>${utc(lastTime)}</span></div>
</div><ul class="legend">${legend(chain)}</ul></figure>`;
}

function lane(records: number, height: number, label: string, content: HtmlValue): Html {
  return html`<svg role="img" aria-label="${label}" height="${height}" viewBox="0 0 ${records} ${height}" preserveAspectRatio="none">${content}</svg>\n`;
}

/** One cell: its decisions stacked, refusals at the top, so that a single one in hundreds is still seen. */
function cellBars(cell: ChainCell): Html {
  const { from, to, allow, requireApproval, block, unreadable } = cell;
  const size = to - from + 1;
  const gap = size * CELL_GAP;
  const parts = visibleShares([
    { name: 'bad', value: block },
    { name: 'warn', value: requireApproval },
    { name: 'none', value: unreadable },
    { name: 'good', value: allow },
  ]);
  let y = 0;
  const bars = parts.map(({ name, share }) => {
    const bar = html`<rect class="f-${name}" x="${fixed(from - 1 + gap / 2)}" y="${fixed(y)}" width="${fixed(size - gap)}" height="${fixed(share * DECISIONS_HEIGHT)}"/>`;
    y += share * DECISIONS_HEIGHT;
    return bar;
  });
  return html`<g>${bars}<title>${recordsText(from, to)}: ${cellText(cell)}</title></g>\n`;
}

/** What is there at all gets at least this share of a cell. */
const MIN_SHARE = 0.14;

function visibleShares(
  parts: readonly { readonly name: string; readonly value: number }[],
): readonly { readonly name: string; readonly share: number }[] {
  const present = parts.filter(({ value }) => value > 0);
  const total = present.reduce((sum, { value }) => sum + value, 0);
  const raised = present.map(({ name, value }) => ({ name, share: Math.max(value / total, MIN_SHARE) }));
  const sum = raised.reduce((all, { share }) => all + share, 0);
  return raised.map(({ name, share }) => ({ name, share: share / sum }));
}

function cellText({ allow, requireApproval, block, unreadable }: ChainCell): string {
  return [
    { name: 'allow', value: allow },
    { name: 'require_approval', value: requireApproval },
    { name: 'block', value: block },
    { name: 'cannot be read', value: unreadable },
  ]
    .filter(({ value }) => value > 0)
    .map(({ name, value }) => `${count(value)} ${name}`)
    .join(', ');
}

/** The chain itself: a line that is whole where records hold on to each other ... */
function chainLine(records: number): Html {
  return html`<rect class="f-none" x="0" y="4.5" width="${records}" height="3"/>`;
}

/** ... and broken where one of a cell's records has an error. */
function breakMark({ from, to, broken }: ChainCell): Html | string {
  if (broken === 0) return '';
  const size = to - from + 1;
  return html`<g><rect class="f-panel" x="${from - 1}" y="0" width="${size}" height="${CHAIN_HEIGHT}"/><rect class="f-bad" x="${fixed(from - 1 + size * CELL_GAP)}" y="0" width="${fixed(size * (1 - 2 * CELL_GAP))}" height="${CHAIN_HEIGHT}"/><title>${recordsText(from, to)}: ${count(broken)} with errors</title></g>\n`;
}

function baseline(records: number): Html {
  return html`<line class="base" x1="0" x2="${records}" y1="${TIME_HEIGHT - 1}" y2="${TIME_HEIGHT - 1}"/>`;
}

/** Time over records: it rises where the stream took long, and falls where a clock went back. */
function curve(cells: readonly ChainCell[]): Html {
  const points = cells.flatMap(({ to, time }) =>
    time === undefined ? [] : [`${fixed(to - 0.5)},${fixed(2 + (1 - time) * (TIME_HEIGHT - 4))}`],
  );
  return html`<polyline class="curve" points="${points.join(' ')}"/>`;
}

function keyBar({ from, to, label, tone }: ChainPart['spans'][number]): Html {
  return html`<rect class="k-${tone}" x="${from - 1}" y="0" width="${fixed(to - from + 1)}" height="${KEYS_HEIGHT}"><title>${recordsText(from, to)}: ${label}</title></rect>`;
}

function legend({ cells, broken }: ChainPart): readonly Html[] {
  const total = (pick: (cell: ChainCell) => number) => cells.reduce((sum, cell) => sum + pick(cell), 0);
  return [
    { name: 'good', text: 'allow', value: total(({ allow }) => allow) },
    { name: 'warn', text: 'require_approval', value: total(({ requireApproval }) => requireApproval) },
    { name: 'bad', text: 'block', value: total(({ block }) => block) },
    { name: 'none', text: 'cannot be read', value: total(({ unreadable }) => unreadable) },
    { name: 'break', text: 'records with errors', value: broken },
  ]
    .filter(({ value }) => value > 0)
    .map(({ name, text, value }) => html`<li>${swatch(name)}${text} ${count(value)}</li>`);
}

function swatch(name: string): Html {
  const mark =
    name === 'break'
      ? html`<rect class="f-none" y="3.5" width="10" height="3"/><rect class="f-bad" x="3" width="4" height="10"/>`
      : html`<rect class="f-${name}" width="10" height="10" rx="2"/>`;
  return html`<svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" focusable="false">${mark}</svg>`;
}

function decisionsLabel({ records }: ChainPart): string {
  return `Decisions over ${counted(records, 'record')}`;
}

function chainLabel({ broken }: ChainPart): string {
  return broken === 0 ? 'The chain, whole from end to end' : `The chain, with errors in ${counted(broken, 'record')}`;
}

/** Digits of a second's fraction, and of a hash, that tell one record from the next. */
const TIME_DIGITS = 3;
const HASH_DIGITS = 12;

function rail({ links, end }: ChainPart): Html | string {
  if (links.length === 0) return '';
  return html`<ol class="rail">${links.map((link, index) => railItem(link, links[index - 1], lineBelow(links[index + 1], end)))}${end === undefined ? '' : railEnd(end)}</ol>`;
}

function railItem(link: ChainLink, above: ChainLink | undefined, below: Html | string): Html {
  if (link.kind === 'gap') {
    return html`<li>${line('gap')}<p class="gaptext">${counted(link.records, 'record')} not drawn</p></li>\n`;
  }
  const { record, decision, tone, time, key, problems } = link;
  const when = time === '' ? '' : html`<time datetime="${time}">${utc(time, TIME_DIGITS)}</time>`;
  const who = key === '' ? '' : html`<span class="by"><bdi>${key}</bdi></span>`;
  return html`<li>${below}${icon(tone)}<div class="block${problems.length > 0 ? ' broken' : ''}"><div class="row"><strong>${count(record)}</strong><span class="${toneOfText(tone)}">${decision}</span>${when}${who}</div>${hashes(link, above)}${problems.map(problemHtml)}</div></li>\n`;
}

/** What a record is, and which one it says it follows: in a whole chain the one above. */
function hashes({ recordHash, previousHash }: RecordLink, above: ChainLink | undefined): Html | string {
  if (recordHash === '') return '';
  const before = above?.kind === 'record' ? above.recordHash : '';
  const missed =
    before === '' || before === previousHash ? '' : html`<span class="bad">, which is not the record above</span>`;
  const follows = previousHash === '' ? '' : html`<code>${previousHash.slice(0, HASH_DIGITS)}</code>`;
  return html`<p class="hashes"><span>hash <code>${recordHash.slice(0, HASH_DIGITS)}</code></span><span>${previousHash === '' ? 'the first' : html`follows ${follows}${missed}`}</span></p>`;
}

type RecordLink = Extract<ChainLink, { readonly kind: 'record' }>;

/** Down to the next record, to the seal, or into the open where nothing would show a cut. */
function lineBelow(next: ChainLink | undefined, end: Check | undefined): Html | string {
  if (next !== undefined) return line(next.kind === 'record' && next.link === 'broken' ? 'broken' : '');
  return end === undefined ? '' : line(end.tone === 'good' ? '' : 'gap');
}

function railEnd({ tone, text }: Check): Html {
  return html`<li class="end">${icon(tone)}<p>${prose(text)}</p></li>\n`;
}

function problemHtml(text: string): Html {
  const [code, ...rest] = text.split(': ');
  return html`<p class="problem"><strong>${code}</strong> ${rest.join(': ')}</p>`;
}

/** From a record down to the next. */
function line(name: '' | 'broken' | 'gap'): Html {
  return html`<svg class="line" aria-hidden="true" focusable="false"><line class="${name}" x1="12" x2="12" y1="12" y2="100%"/></svg>`;
}

function toneOfText(tone: Tone): string {
  return tone === 'good' ? '' : tone;
}

/** Short, and the same on every machine. */
function fixed(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
