import { ConfigurationError } from '../../domain/diagnosis.ts';

/**
 * The Authorization header for a credential that the platform gave to the job.
 *
 * @throws ConfigurationError E201 when it holds what no header can carry, such as a line end; it is not shown
 */
export function bearer(credential: string, variable: string): Readonly<Record<string, string>> {
  if (!/^[\x21-\x7e]+$/.test(credential)) {
    throw new ConfigurationError('CAVRA-E201', `${variable} has blanks or line ends, which no access token has`);
  }
  return { authorization: `Bearer ${credential}` };
}
