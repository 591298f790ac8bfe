// @ts-check
// Times the gate of each front end against `node -e 0`, under the Node that runs this.
//
//   node test/bench/gate.mjs [--pairs N] [--json]
import { parseArgs } from 'node:util';
import { spread } from './measure.mjs';
import { importTypeScript } from './typescript.mjs';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
});
const { timeFrontEnds } = /** @type {typeof import('./front-ends.ts')} */ (await importTypeScript('front-ends.ts'));
const times = await timeFrontEnds(Number(values.pairs));
if (values.json) {
  process.stdout.write(JSON.stringify({ version: process.versions.node, times }));
} else {
  for (const { frontEnd, method, pairs } of times) {
    const ratio = spread(pairs.map(({ measured, yardstick }) => measured / yardstick));
    console.log(
      `${frontEnd}, ${method}: ${ratio.median.toFixed(2)} x (${ratio.minimum.toFixed(2)} to ${ratio.maximum.toFixed(2)})`,
    );
  }
}
