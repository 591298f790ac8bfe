import { ConfigurationError } from '../domain/diagnosis.ts';
import { detectedPlatforms } from '../domain/identity/detect.ts';
import type { Environment } from '../settings/credentials.ts';

/** Where a secret would be shown. */
export interface SecretOutput {
  /** New file for the secret, readable by its owner only; undefined: it is shown. */
  readonly secretFile: string | undefined;
  /** Whether the caller would show a secret to a person and to nobody else. */
  readonly isPrivateScreen: boolean;
  readonly environment: Environment;
}

/** @throws ConfigurationError CAVRA-E224 the secret would be shown where others can read it */
export function refuseToShow({ secretFile, isPrivateScreen, environment }: SecretOutput): void {
  if (secretFile !== undefined) return;
  const platforms = detectedPlatforms(environment);
  if (platforms.length > 0 || environment['CI']) {
    const where = platforms.length > 0 ? platforms.join(' and ') : 'CI';
    throw new ConfigurationError('CAVRA-E224', `a secret must not be printed to the log of ${where}`);
  }
  if (!isPrivateScreen) {
    throw new ConfigurationError('CAVRA-E224', 'the output is not a terminal, or is for programs');
  }
}
