import { resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { oneLine } from '../domain/json/pointer.ts';
import { MAX_LISTED_PROBLEMS, MAX_REQUEST_BYTES, MAX_REQUESTS_PER_RUN } from '../domain/limits.ts';
import { parseRequest } from '../domain/request/parse.ts';
import { expandName, withoutDuplicates } from '../io/files/expand-names.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import type { LoadedRequest } from './requests.ts';

/** What an inline request is called in results and messages. */
export const INLINE_REQUEST = '<inline>';

/**
 * Reads the requests of one run. An argument with glob characters names the files that it matches, unless there is a file of exactly
 * that name; links are neither matched nor followed. The order is that of the arguments, the matches of each sorted by their bytes; a
 * file that is named twice is read once.
 *
 * @param names paths and globs, as given
 * @param workingDirectory absolute; what relative names start from
 * @throws ConfigurationError CAVRA-E202 nothing is named; CAVRA-E201 too many files; CAVRA-E203 a file cannot be read, is no regular
 *   file or too large, or a glob matches nothing; CAVRA-E204 and CAVRA-E205 a request is not valid. Every bad file is named.
 */
export async function readRequestFiles(
  names: readonly string[],
  workingDirectory: string,
): Promise<readonly LoadedRequest[]> {
  if (names.length === 0) throw new ConfigurationError('CAVRA-E202', 'no request was given');
  const failures: ConfigurationError[] = [];
  const found = await collect(names, (name) => expand(name, workingDirectory), failures);
  const paths = withoutDuplicates(found.flat(), workingDirectory);
  if (paths.length > MAX_REQUESTS_PER_RUN) {
    const message = `${paths.length} requests were given, at most ${MAX_REQUESTS_PER_RUN} can be answered in one run`;
    throw new ConfigurationError('CAVRA-E201', message);
  }
  const requests = await collect(paths, (path) => readOne(path, workingDirectory), failures);
  if (failures.length > 0) throw combined(failures);
  return requests;
}

/**
 * The request that was given as text.
 *
 * @throws ConfigurationError CAVRA-E203 it is too large; CAVRA-E204 and CAVRA-E205 it is not valid
 */
export function readInlineRequest(text: string): LoadedRequest {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_REQUEST_BYTES) {
    const message = `the inline request has ${bytes.length} bytes, at most ${MAX_REQUEST_BYTES} are allowed`;
    throw new ConfigurationError('CAVRA-E203', message);
  }
  if (bytes.toString('utf8') !== text) {
    throw new ConfigurationError('CAVRA-E204', 'the inline request holds half of a surrogate pair');
  }
  return { path: INLINE_REQUEST, bytes, request: parseRequest(bytes, 'the inline request') };
}

async function expand(name: string, workingDirectory: string): Promise<readonly string[]> {
  const matches = await expandName(name, workingDirectory);
  if (matches.length === 0) {
    throw new ConfigurationError('CAVRA-E203', `no file matches ${oneLine(name)}; links are not followed`);
  }
  return matches;
}

async function readOne(path: string, workingDirectory: string): Promise<LoadedRequest> {
  const bytes = await readRequestBytes(path, workingDirectory);
  return { path, bytes, request: parseRequest(bytes, path) };
}

/**
 * Reads one request file without judging its content.
 *
 * @throws ConfigurationError CAVRA-E203
 */
export async function readRequestBytes(path: string, workingDirectory: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(resolve(workingDirectory, path), MAX_REQUEST_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E203', `the request ${oneLine(path)} ${error.message}`, { cause: error });
  }
}

/** Does the work for each item, one after the other, and goes on after a configuration error so that all of them can be reported. */
async function collect<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  failures: ConfigurationError[],
): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) {
    try {
      results.push(await work(item));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      failures.push(error);
    }
  }
  return results;
}

/** One error for all; what must not be overlooked, a request with trust settings, gives its code. */
function combined(failures: readonly ConfigurationError[]): ConfigurationError {
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) return first;
  const listed = failures.slice(0, MAX_LISTED_PROBLEMS).map(({ message }) => message);
  const rest = failures.length - listed.length;
  const message = [...listed, ...(rest > 0 ? [`and ${rest} more requests`] : [])].join('; ');
  const worst = failures.find(({ code }) => code === 'CAVRA-E205') ?? first;
  return new ConfigurationError(worst?.code ?? 'CAVRA-E203', message, { cause: worst });
}
