// @ts-check
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Whether the module at `url` is what Node was started with, rather than imported, also by way of a link.
 *
 * @param {string} url the module's `import.meta.url`
 */
export function isEntry(url) {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === realpathSync(fileURLToPath(url));
}
