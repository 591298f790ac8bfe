import { ConfigurationError } from '../diagnosis.ts';
import type { ExpectedRun } from './audit-lines.ts';

/**
 * Reads a list of expected runs: a repository and a run id in each line, with white space between them. Empty lines and what follows a
 * `#` at the start of a line count for nothing.
 *
 * @param source what messages call it
 * @throws ConfigurationError CAVRA-E225 naming the first wrong line
 */
export function parseExpectedRuns(text: string, source: string): readonly ExpectedRun[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const [repository = '', run = '', ...more] = trimmed.split(/\s+/);
    if (run === '' || more.length > 0) {
      const message = `line ${index + 1} of ${source} is not a repository and a run id`;
      throw new ConfigurationError('CAVRA-E225', message);
    }
    return [{ repository, run_id: run }];
  });
}
