// @ts-check
// Draws ratios as bars: one SVG without a script, readable on light and on dark pages.

const WIDTH = 760;
const LABELS = 290;
/** Room for what stands behind a bar. */
const WORDS = 190;
const ROW = 26;
const TOP = 34;

/** @param {readonly import('./sections.mjs').Bar[]} bars */
export function chart(bars) {
  const most = Math.max(1, ...bars.map(({ ratio }) => ratio));
  const scale = (WIDTH - LABELS - WORDS) / most;
  const height = TOP + bars.length * ROW + 8;
  const line = LABELS + scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${bars.map(describe).join('; ')}">
<style>text{font:13px system-ui,sans-serif;fill:#1f2933}.of{fill:#5f6c7b}rect{fill:#2f6fde}.page{fill:#fff}line{stroke:#98a4b3;stroke-dasharray:3 3}@media(prefers-color-scheme:dark){text{fill:#e4e9f0}.of{fill:#9aa7b8}rect{fill:#6ea0ff}.page{fill:#12161c}}</style>
<rect class="page" width="100%" height="100%" rx="8"/>
<text class="of" x="${round(line)}" y="18" text-anchor="middle">yardstick</text>
<line x1="${round(line)}" x2="${round(line)}" y1="24" y2="${height - 8}"/>
${bars.map((bar, index) => row(bar, TOP + index * ROW, scale)).join('\n')}
</svg>
`;
}

/** @param {import('./sections.mjs').Bar} bar @param {number} top @param {number} scale */
function row({ label, yardstick, ratio }, top, scale) {
  const width = round(ratio * scale);
  return `<text x="${LABELS - 10}" y="${top + 15}" text-anchor="end">${escaped(label)}</text><rect x="${LABELS}" y="${top + 3}" width="${width}" height="16" rx="3"/><text x="${LABELS + width + 8}" y="${top + 15}">${ratio.toFixed(1)} × <tspan class="of">${escaped(yardstick)}</tspan></text>`;
}

/** @param {import('./sections.mjs').Bar} bar */
function describe({ label, yardstick, ratio }) {
  return escaped(`${label}: ${ratio.toFixed(1)} times ${yardstick}`);
}

/** @param {number} number */
function round(number) {
  return Math.round(number * 10) / 10;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
