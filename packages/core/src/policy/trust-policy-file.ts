import { Buffer, isUtf8 } from 'node:buffer';
import { dirname } from 'node:path';
import { JsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/parse.ts';
import { toPlain } from '../domain/json/plain.ts';
import { MAX_TRUST_POLICY_BYTES } from '../domain/limits.ts';
import { parseTrustPolicy } from '../domain/trust/parse/parse-policy.ts';
import { type Locate, type PolicyProblem, TrustPolicyError } from '../domain/trust/problems.ts';
import { otherFile, readTrustFile } from '../io/trust/trust-file.ts';
import { parseStrictYaml } from '../io/yaml/strict-yaml.ts';
import { readAllowedSignersFiles } from './allowed-signers-files.ts';
import type { LoadedTrustPolicy, TrustPolicyOptions } from './lint-and-explain.ts';

/**
 * Reads a trust policy, YAML or JSON. The digest is of the very bytes that are parsed, and is checked before they are.
 *
 * @param reference a regular file, no link, `FILE@sha256:HEX` included; `.json` is read as JSON, anything else as YAML
 * @throws ConfigurationError CAVRA-E216 it, or a file that it names, cannot be read; CAVRA-E218 it is not the pinned one
 * @throws TrustPolicyError CAVRA-E210 it is no valid policy, with everything that is wrong in it
 */
export async function readTrustPolicyFile(
  reference: string,
  options: TrustPolicyOptions = {},
): Promise<LoadedTrustPolicy> {
  const named = { what: `the trust policy ${reference}`, maxBytes: MAX_TRUST_POLICY_BYTES } as const;
  const { path, bytes, sha256 } = await readTrustFile(reference, named);
  if (options.sha256 !== undefined && options.sha256.toLowerCase() !== sha256) {
    throw otherFile(`the trust policy ${path}`, sha256, options.sha256);
  }
  const format = path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
  return { ...(await parseTrustPolicyText(bytes, format, dirname(path))), sha256 };
}

/**
 * Parses the text of a trust policy.
 *
 * @param folder absolute; what the paths of files of allowed signers start from
 * @throws ConfigurationError CAVRA-E216 such a file cannot be read; CAVRA-E218 it is not the pinned one
 * @throws TrustPolicyError CAVRA-E210 with everything that is wrong in it
 */
export async function parseTrustPolicyText(
  bytes: Uint8Array,
  format: 'json' | 'yaml',
  folder: string,
): Promise<Pick<LoadedTrustPolicy, 'policy' | 'locate'>> {
  const { value, locate } = format === 'json' ? parseJson(bytes) : await parseYaml(bytes);
  return { policy: parseTrustPolicy(value, locate, await readAllowedSignersFiles(value, folder)), locate };
}

interface ParsedText {
  readonly value: unknown;
  readonly locate: Locate;
}

function parseJson(bytes: Uint8Array): ParsedText {
  try {
    const value = toPlain(parseStrictJson(bytes, { maxBytes: MAX_TRUST_POLICY_BYTES }));
    return { value, locate: () => undefined };
  } catch (error) {
    if (error instanceof JsonError) {
      // Its message ends with the position.
      throw new TrustPolicyError([{ path: '', message: error.message }], { cause: error });
    }
    throw error;
  }
}

async function parseYaml(bytes: Uint8Array): Promise<ParsedText> {
  if (bytes.byteLength > MAX_TRUST_POLICY_BYTES) {
    throw invalid(`the text has ${bytes.byteLength} bytes, at most ${MAX_TRUST_POLICY_BYTES} are allowed`);
  }
  if (!isUtf8(bytes)) {
    throw invalid('the text is not UTF-8');
  }
  const result = await parseStrictYaml(Buffer.from(bytes).toString('utf8'));
  if (!result.ok) {
    throw new TrustPolicyError(result.problems);
  }
  return result;
}

function invalid(message: string): TrustPolicyError {
  const problem: PolicyProblem = { path: '', message };
  return new TrustPolicyError([problem]);
}
