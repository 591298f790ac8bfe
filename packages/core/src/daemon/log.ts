import { CavraError } from '../domain/diagnosis.ts';
import { MAX_LOG_TEXT } from '../domain/limits.ts';
import type { Clock } from '../domain/ports.ts';
import type { SecretSearcher } from '../domain/secrets/searcher.ts';
import { printable, shortened } from '../domain/text/printable.ts';
import { formatTimestamp } from '../domain/time/timestamp.ts';

export type LogLevel = 'info' | 'warning' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Notes one event of a daemon: one JSON object with `time`, `level`, `event` and what belongs to the event. */
export type DaemonLog = (level: LogLevel, event: string, fields?: LogFields) => void;

export interface DaemonLogOptions {
  /** Gets one or more whole lines, each with its line end. */
  readonly write: (lines: string) => void;
  readonly now: Clock;
  /** The one of the present configuration. */
  readonly searcher: () => SecretSearcher;
}

/** What is withheld names its time, level and event all the same. */
interface LogLine {
  readonly head: Readonly<Record<'time' | 'level' | 'event', string>>;
  readonly text: string;
}

/**
 * A daemon's log, one JSON object a line, that holds no secret: texts are cut and made harmless, and a line in which the searcher finds a
 * secret is withheld. Lines of the same turn of the event loop are searched and written together, so that a log costs a busy daemon little.
 */
export class DaemonLogWriter {
  readonly #options: DaemonLogOptions;
  #lines: LogLine[] = [];

  constructor(options: DaemonLogOptions) {
    this.#options = options;
  }

  readonly log: DaemonLog = (level, event, fields = {}) => {
    const head = { time: formatTimestamp(this.#options.now()), level, event };
    const text = JSON.stringify({ ...head, ...Object.fromEntries(Object.entries(fields).map(harmless)) });
    if (this.#lines.push({ head, text }) === 1) {
      setImmediate(() => this.flush());
    }
  };

  /** Writes what waits. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length === 0) return;
    const together = joined(lines.map(({ text }) => text));
    const safe = this.#find(together).length === 0 ? together : joined(lines.map((line) => this.#safeText(line)));
    this.#options.write(safe);
  }

  #safeText({ head, text }: LogLine): string {
    const found = this.#find(text);
    return found.length === 0 ? text : JSON.stringify({ ...head, withheld: found.map(({ name }) => name).join(', ') });
  }

  #find(text: string) {
    return this.#options.searcher().find(Buffer.from(text));
  }
}

/** An error as fields of a log entry. Only what is meant to be read: no stack, and no cause. */
export function errorFields(error: unknown): LogFields {
  if (error instanceof CavraError) return { code: error.code, message: error.message };
  return { code: 'CAVRA-E599', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function joined(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function harmless([name, value]: [string, LogFields[string]]): [string, LogFields[string]] {
  return [name, typeof value === 'string' ? printable(shortened(value, MAX_LOG_TEXT)) : value];
}
