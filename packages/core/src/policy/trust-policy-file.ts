import { Buffer, isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { JsonError } from '../domain/json/error.ts';
import { parseStrictJson } from '../domain/json/parse.ts';
import { toPlain } from '../domain/json/plain.ts';
import { MAX_TRUST_POLICY_BYTES } from '../domain/limits.ts';
import { parseTrustPolicy } from '../domain/trust/parse-policy.ts';
import { type Locate, type PolicyProblem, TrustPolicyError } from '../domain/trust/problems.ts';
import { FileProblem, readRegularFile } from '../io/files/read-regular-file.ts';
import { parseStrictYaml } from '../io/yaml/strict-yaml.ts';
import type { LoadedTrustPolicy, TrustPolicyOptions } from './lint-and-explain.ts';

/**
 * Reads a trust policy, YAML or JSON. The digest is of the very bytes that are parsed, and is checked before they are.
 *
 * @param path a regular file, no link; `.json` is read as JSON, anything else as YAML
 * @throws ConfigurationError CAVRA-E216 the file cannot be read; CAVRA-E218 it is not the pinned one
 * @throws TrustPolicyError CAVRA-E210 it is no valid policy, with everything that is wrong in it
 */
export async function readTrustPolicyFile(path: string, options: TrustPolicyOptions = {}): Promise<LoadedTrustPolicy> {
  const bytes = await readBytes(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (options.sha256 !== undefined && options.sha256.toLowerCase() !== sha256) {
    throw new ConfigurationError(
      'CAVRA-E218',
      `the trust policy ${path} has the SHA-256 ${sha256}, expected ${options.sha256}`,
    );
  }
  const format = path.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
  return { ...(await parseTrustPolicyText(bytes, format)), sha256 };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MAX_TRUST_POLICY_BYTES);
  } catch (error) {
    if (error instanceof FileProblem) {
      throw new ConfigurationError('CAVRA-E216', `the trust policy ${path} ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Parses the text of a trust policy.
 *
 * @throws TrustPolicyError CAVRA-E210 with everything that is wrong in it
 */
export async function parseTrustPolicyText(
  bytes: Uint8Array,
  format: 'json' | 'yaml',
): Promise<Pick<LoadedTrustPolicy, 'policy' | 'locate'>> {
  const { value, locate } = format === 'json' ? parseJson(bytes) : await parseYaml(bytes);
  return { policy: parseTrustPolicy(value, locate), locate };
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
