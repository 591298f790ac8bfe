import { type Browser, chromium } from 'playwright-core';
import { programPath } from '../../scripts/programs.mjs';

/** Starts the machine's Chromium or Chrome, with nothing of its own on the network and a profile that is thrown away. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = programPath('browser');
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
