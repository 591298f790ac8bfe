import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STREAM_NAME } from '../domain/daemon/stream-name.ts';
import { STREAM_FILE } from '../domain/evidence/files.ts';
import type { Clock } from '../domain/ports.ts';
import { type DaemonLog, errorFields } from './log.ts';
import type { Streams } from './streams.ts';

export interface RetentionOptions {
  /** Absolute; the daemon's alone. */
  readonly root: string;
  readonly streams: Streams;
  readonly now: Clock;
  readonly log: DaemonLog;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** What a folder is called on its way out. It is moved before anything of it is removed, so that half of a stream is never one. */
const GOING = '.expired-';

/**
 * Removes the evidence of runs that were last recorded long ago. Nothing goes that is no stream of this daemon's: not what was set aside
 * because it did not verify, nor what somebody else put there.
 */
export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /**
   * Looks through all evidence once. Never rejects: what cannot be removed is tried again the next time.
   *
   * @param days undefined: nothing is removed
   */
  async run(days: number | undefined): Promise<void> {
    try {
      await this.#run(days);
    } catch (error) {
      this.#options.log('error', 'not_expired', errorFields(error));
    }
  }

  async #run(days: number | undefined): Promise<void> {
    const { root, now } = this.#options;
    for (const name of await readdir(root)) {
      if (name.startsWith(GOING)) {
        // A crash came between.
        await rm(join(root, name), { recursive: true, force: true });
      } else if (days !== undefined && STREAM_NAME.test(name)) {
        const found = await lstat(join(root, name, STREAM_FILE)).catch(() => undefined);
        if (found !== undefined && now() - found.mtimeMs > days * DAY_MS) await this.#expire(name);
      }
    }
  }

  async #expire(name: string): Promise<void> {
    const { root, streams, log } = this.#options;
    const going = `${GOING}${name}`;
    if (!streams.takeAway(name, going)) return;
    log('info', 'expired', { stream: name });
    await rm(join(root, going), { recursive: true, force: true });
  }
}
