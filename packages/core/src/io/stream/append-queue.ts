import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { StreamFile } from './stream-file.ts';

/** Texts that wait at the same time are appended, and made durable, together. */
export class AppendQueue {
  readonly #file: StreamFile;
  #waiting: { readonly text: string; resolve(): void; reject(error: unknown): void }[] = [];
  #draining: Promise<void> | undefined;

  constructor(file: StreamFile) {
    this.#file = file;
  }

  /**
   * Resolves once the text is durable.
   *
   * @throws as `StreamFile.append`
   */
  append(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#draining;
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    // Whoever appends in the same turn of the event loop, for whichever client, is part of the first batch.
    await endOfTurn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.append(Buffer.from(batch.map(({ text }) => text).join('')));
        for (const { resolve } of batch) {
          resolve();
        }
      } catch (error) {
        for (const { reject } of batch) {
          reject(error);
        }
      }
    }
    this.#draining = undefined;
  }
}
