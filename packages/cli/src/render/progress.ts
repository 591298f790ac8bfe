import type { Terminal } from '../command-line/command.ts';

export interface Progress {
  readonly update: (done: number, total: number) => void;
  readonly clear: () => void;
}

const INTERVAL_MS = 200;
/** Before, threads are still being started, and an estimate would say more of that than of the work. */
const ESTIMATE_AFTER_MS = 1000;

/** Progress in bytes with an estimate on a terminal's stderr; silent elsewhere, and for work that ends at once. */
export function progressBar(terminal: Pick<Terminal, 'progress' | 'now' | 'err'>): Progress {
  if (!terminal.progress) return { update: () => {}, clear: () => {} };
  const start = terminal.now();
  let shown = start;
  let drawn = false;
  return {
    update: (done, total) => {
      const now = terminal.now();
      if (now - shown < INTERVAL_MS || total === 0) return;
      shown = now;
      drawn = true;
      const percent = Math.floor((done / total) * 100);
      const estimate = now - start < ESTIMATE_AFTER_MS ? '' : `, about ${secondsLeft(now - start, done, total)} s left`;
      terminal.err(`\r\u001b[K  ${percent} % of ${Math.ceil(total / 1e6)} MB${estimate}`);
    },
    clear: () => {
      if (drawn) terminal.err('\r\u001b[K');
    },
  };
}

function secondsLeft(elapsedMs: number, done: number, total: number): number {
  return Math.ceil(((elapsedMs / Math.max(done, 1)) * (total - done)) / 1000);
}
