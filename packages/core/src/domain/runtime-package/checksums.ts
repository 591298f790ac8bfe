import { Buffer, isUtf8 } from 'node:buffer';
import { ConfigurationError } from '../diagnosis.ts';
import { printable } from '../json/pointer.ts';
import { MAX_RUNTIME_PACKAGE_FILES } from '../limits.ts';

/** One file of a package and the digest that it must have, lower-case hex. */
export interface Checksum {
  readonly path: string;
  readonly sha256: string;
}

const LINE = /^([0-9a-f]{64}) [ *](.+)$/u;
/** Names that mean the same on every system: no link upwards, no drive, no separator but the slash, nothing hidden. */
const PATH = /^(?!.*(?:^|\/)\.)[A-Za-z0-9._+-]+(?:\/[A-Za-z0-9._+-]+)*$/u;
const MAX_PATH_LENGTH = 200;

/** Whether a path may stand in a package: relative, within the package, and of plain characters. */
export function isPackagePath(path: string): boolean {
  return path.length <= MAX_PATH_LENGTH && PATH.test(path);
}

/**
 * Reads `checksums.txt`: `<sha256>  <relative path>` a line.
 *
 * @throws ConfigurationError CAVRA-E233 a line is anything else, a path leads out of the package, or is there twice
 */
export function parseChecksums(bytes: Uint8Array): readonly Checksum[] {
  if (!isUtf8(bytes)) {
    throw refusal('is not UTF-8');
  }
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  if (lines.at(-1) === '') {
    lines.pop();
  }
  if (lines.length > MAX_RUNTIME_PACKAGE_FILES) {
    throw refusal(`has ${lines.length} lines, at most ${MAX_RUNTIME_PACKAGE_FILES} are allowed`);
  }
  const checksums = lines.map((line, index) => parseLine(line.replace(/\r$/u, ''), index + 1));
  const paths = new Set(checksums.map(({ path }) => path.toLowerCase()));
  if (paths.size < checksums.length) {
    throw refusal('names a file twice');
  }
  return checksums;
}

function parseLine(line: string, number: number): Checksum {
  const [, sha256 = '', path = ''] = LINE.exec(line) ?? [];
  if (sha256 === '') {
    throw refusal(`has a line ${number} that is not <sha256>  <relative path>`);
  }
  if (!isPackagePath(path)) {
    throw refusal(`names in line ${number} a path that is not plain and within the package: ${printable(path)}`);
  }
  return { path, sha256 };
}

function refusal(problem: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E233', `checksums.txt ${problem}`);
}
