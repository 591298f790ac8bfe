// @ts-check
import { createRequire } from 'node:module';

// Its types are those of a CommonJS module, which it is not when it is imported.
const { default: Sequencer } = createRequire(import.meta.url)('@jest/test-sequencer');

/** Files whose tests start programs. */
const LONG = /\/test\/(e2e|contract)\/|\/house\/release-build/;
/** @param {{ readonly path: string }} test */
const isLong = ({ path }) => LONG.test(path.replaceAll('\\', '/'));

/** Takes the long files first, whatever their size, so that nothing long is left for one worker at the end. */
export default class LongFirst extends Sequencer {
  /**
   * @template {{ readonly path: string }} Test
   * @param {Test[]} tests
   * @returns {Test[]}
   */
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((/** @type {Test} */ test) => !isLong(test))];
  }
}
