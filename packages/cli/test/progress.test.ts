import { describe, expect, it } from '@jest/globals';
import { progressBar } from '../src/render/progress.ts';

const ERASE = '\r\u001b[K';

/** A terminal whose clock stands still until it is told to go on. */
function terminalWith(progress: boolean) {
  const written: string[] = [];
  let now = 1_000_000;
  return {
    terminal: { progress, now: () => now, err: (text: string) => written.push(text) },
    written,
    wait: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('progress', () => {
  it('is shown a few times a second, with an estimate as soon as there is one', () => {
    const { terminal, written, wait } = terminalWith(true);
    const progress = progressBar(terminal);
    progress.update(1, 2_000_000_000);
    wait(199);
    progress.update(10_000_000, 2_000_000_000);
    wait(1);
    progress.update(20_000_000, 2_000_000_000);
    progress.update(30_000_000, 2_000_000_000);
    wait(1_800);
    progress.update(500_000_000, 2_000_000_000);
    progress.clear();
    expect(written).toEqual([`${ERASE}  1 % of 2000 MB`, `${ERASE}  25 % of 2000 MB, about 6 s left`, ERASE]);
  });

  it('is silent where it was not asked for, for work that ends at once, and for nothing', () => {
    const quiet = terminalWith(false);
    const short = terminalWith(true);
    for (const { terminal, wait } of [quiet, short]) {
      const progress = progressBar(terminal);
      progress.update(1, 2);
      wait(terminal.progress ? 100 : 10_000);
      progress.update(2, 2);
      wait(10_000);
      progress.update(0, 0);
      progress.clear();
    }
    expect(quiet.written).toEqual([]);
    expect(short.written).toEqual([]);
  });
});
