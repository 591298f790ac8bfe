import type { Clock } from '../app/ports.ts';
import { CavraError } from '../domain/diagnosis.ts';
import { formatTimestamp } from '../domain/evidence/timestamp.ts';
import { MAX_LOG_TEXT } from '../domain/limits.ts';
import type { SecretSearcher } from '../domain/secrets/searcher.ts';
import { printable, shortened } from '../domain/text/printable.ts';

export type LogLevel = 'info' | 'warning' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A daemon's log: one JSON object a line, with `time`, `level`, `event` and what belongs to the event. */
export type DaemonLog = (level: LogLevel, event: string, fields?: LogFields) => void;

/**
 * Makes a log that holds no secret: texts are cut and made harmless, and a line in which the searcher finds a secret is withheld.
 *
 * @param write gets each line with its line end
 * @param searcher the one of the present configuration
 */
export function createDaemonLog(write: (line: string) => void, now: Clock, searcher: () => SecretSearcher): DaemonLog {
  return (level, event, fields = {}) => {
    const head = { time: formatTimestamp(now()), level, event };
    const line = JSON.stringify({ ...head, ...Object.fromEntries(Object.entries(fields).map(harmless)) });
    const found = searcher().find(Buffer.from(line));
    const safe =
      found.length === 0 ? line : JSON.stringify({ ...head, withheld: found.map(({ name }) => name).join(', ') });
    write(`${safe}\n`);
  };
}

/** An error as fields of a log entry. Only what is meant to be read: no stack, and no cause. */
export function errorFields(error: unknown): LogFields {
  if (error instanceof CavraError) return { code: error.code, message: error.message };
  return { code: 'CAVRA-E599', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function harmless([name, value]: [string, LogFields[string]]): [string, LogFields[string]] {
  return [name, typeof value === 'string' ? printable(shortened(value, MAX_LOG_TEXT)) : value];
}
