import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { MAX_PROGRAM_BYTES, PAYLOAD_LINE_CHARACTERS } from '../configuration/limits.ts';

/** The bundle that runs in the job, packed for the YAML. */
export interface PackedProgram {
  /** Of the bundle as it stands under dist/, lower-case hex. */
  readonly sha256: string;
  /** Brotli in base64, in lines. */
  readonly payload: string;
}

/** The line before the payload in a script; base64 has no colon, so it cannot occur in the payload. */
export const PROGRAM_MARK = 'program:';
/** The line that ends the here-document. */
export const END_OF_PROGRAM = 'CAVRA_RELEASE_GOVERNANCE';

/**
 * Packs a bundle. Another version of the compressor may pack the same bundle into other bytes, so a payload that already holds
 * exactly this bundle is kept: what is committed depends on the sources alone.
 *
 * @param committed the payload of the committed template, if there is one
 */
export function packProgram(bundle: Uint8Array, committed: string | undefined): PackedProgram {
  const sha256 = createHash('sha256').update(bundle).digest('hex');
  if (committed !== undefined && unpackProgram(committed)?.equals(bundle)) return { sha256, payload: committed };
  const packed = brotliCompressSync(bundle, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bundle.length,
    },
  });
  return { sha256, payload: inLines(packed.toString('base64')) };
}

/** The bundle in a payload; undefined when it holds none. */
export function unpackProgram(payload: string): Buffer | undefined {
  try {
    return brotliDecompressSync(Buffer.from(payload, 'base64'), { maxOutputLength: MAX_PROGRAM_BYTES });
  } catch {
    return undefined;
  }
}

/** The payload in a template's text; undefined when it has none. */
export function payloadOf(template: string): string | undefined {
  const lines = template.split('\n').map((line) => line.trim());
  const start = lines.indexOf(PROGRAM_MARK) + 1;
  const end = lines.indexOf(END_OF_PROGRAM, start);
  return start === 0 || end === -1 ? undefined : lines.slice(start, end).join('\n');
}

function inLines(base64: string): string {
  const lines = [];
  for (let start = 0; start < base64.length; start += PAYLOAD_LINE_CHARACTERS) {
    lines.push(base64.slice(start, start + PAYLOAD_LINE_CHARACTERS));
  }
  return lines.join('\n');
}
