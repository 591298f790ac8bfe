import { ConfigurationError } from '../../domain/diagnosis.ts';
import { MAX_CONFIGURATION_FILE_BYTES } from '../../domain/limits.ts';
import { FileProblem, readRegularFile } from './read-regular-file.ts';

/**
 * Reads a file that the configuration names: regular, no link, at most MAX_CONFIGURATION_FILE_BYTES.
 *
 * @param what how messages call it, with its path
 * @throws ConfigurationError CAVRA-E216
 */
export async function readConfigurationFile(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, MAX_CONFIGURATION_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw new ConfigurationError('CAVRA-E216', `${what} ${error.message}`, { cause: error });
  }
}
