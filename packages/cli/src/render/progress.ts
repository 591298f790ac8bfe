import type { Terminal } from '../command.ts';

export interface Progress {
  readonly update: (done: number, total: number) => void;
  readonly clear: () => void;
}

const INTERVAL_MS = 200;

/** Progress with an estimate on a terminal's stderr; silent elsewhere, and for work that ends at once. */
export function progressBar(terminal: Terminal): Progress {
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
      const left = Math.ceil(((now - start) / Math.max(done, 1)) * (total - done) * 0.001);
      terminal.err(
        `\r\u001b[K  ${Math.floor((done / total) * 100)} % of ${Math.ceil(total / 1e6)} MB, about ${left} s left`,
      );
    },
    clear: () => {
      if (drawn) terminal.err('\r\u001b[K');
    },
  };
}
