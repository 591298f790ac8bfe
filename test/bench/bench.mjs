// @ts-check
// Measures everything that is said of speed, and prints it as one page of Markdown.
//
//   node test/bench/bench.mjs [--only gate,verify,parts,daemon,audit,size] [--pairs N] [--records N,N] [--requests N] [--kills N] [--write]
//
// With --write the page is docs/performance.md and its chart docs/images/performance.svg.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chart } from './chart.mjs';
import { page, sectionMarkdown } from './page.mjs';
import { SECTIONS } from './sections.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(SECTIONS).join(',') },
    pairs: { type: 'string', default: '7' },
    records: { type: 'string', default: '1000,100000,1000000' },
    requests: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '50' },
    write: { type: 'boolean', default: false },
  },
});
const names = /** @type {(keyof typeof SECTIONS)[]} */ (values.only.split(','));
const unknown = names.filter((name) => SECTIONS[name] === undefined);
if (unknown.length > 0) throw new Error(`--only takes ${Object.keys(SECTIONS).join(', ')}, not ${unknown.join(', ')}`);

const sections = [];
for (const name of names) {
  process.stderr.write(`measuring: ${name}\n`);
  const section = await SECTIONS[name]({
    pairs: Number(values.pairs),
    records: values.records.split(',').map(Number),
    requests: Number(values.requests),
    kills: Number(values.kills),
  });
  if (!values.write) console.log(sectionMarkdown(section));
  sections.push(section);
}
if (values.write) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const image = join(root, 'docs/images/performance.svg');
  mkdirSync(dirname(image), { recursive: true });
  writeFileSync(image, chart(sections.flatMap(({ bars }) => bars)));
  writeFileSync(join(root, 'docs/performance.md'), page(sections));
}
