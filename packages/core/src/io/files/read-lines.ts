import { open } from 'node:fs/promises';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import { FILE_CHUNK_BYTES } from '../../domain/limits.ts';
import { LineSplitter } from '../../domain/verification/line-splitter.ts';
import { errorCode } from '../system/system-error.ts';

export interface FileLine {
  /** Without the line end; undefined: longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** Whether a line end follows. */
  readonly terminated: boolean;
}

/**
 * The lines of a file, in constant memory.
 *
 * @throws ConfigurationError CAVRA-E216
 */
export async function* readLines(path: string, maxLineBytes: number): AsyncGenerator<FileLine, void, undefined> {
  let lines: FileLine[] = [];
  const splitter = new LineSplitter(
    {
      push: (line, { terminated }) => lines.push({ bytes: Buffer.from(line), terminated }),
      pushOverlong: ({ terminated }) => lines.push({ bytes: undefined, terminated }),
    },
    maxLineBytes,
  );
  for await (const chunk of chunksOf(path)) {
    splitter.write(chunk);
    yield* lines;
    lines = [];
  }
  splitter.end();
  yield* lines;
}

async function* chunksOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const chunk = Buffer.allocUnsafe(FILE_CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(chunk);
        if (bytesRead === 0) return;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
    throw new ConfigurationError('CAVRA-E216', `${path} cannot be read (${errorCode(error)})`, { cause: error });
  }
}
