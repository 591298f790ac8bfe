import { execFileSync } from 'node:child_process';
import { describe } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'google-chrome', 'chromium-browser'];

/** `describe` for tests that look at a page. Without a browser they are skipped, and the log says so; in CI they fail. */
export function describeWithBrowser(): typeof describe | typeof describe.skip {
  if (browserPath() !== undefined) return describe;
  const message = `none of ${NAMES.join(', ')} is here to look at pages with: install one, or run .ci/run, which does`;
  if (process.env['CI']) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return describe.skip;
}

/** Starts the machine's Chromium or Chrome, with nothing of its own on the network and a profile that is thrown away. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  if (executablePath === undefined) throw new Error('there is no browser');
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function browserPath(): string | undefined {
  for (const name of NAMES) {
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one.
    }
  }
  return undefined;
}
