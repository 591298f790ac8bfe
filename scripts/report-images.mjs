// @ts-check
// Takes the pictures of a report that the README shows, light and dark, of the evidence that this version left in test/fixtures.
//
//   node scripts/report-images.mjs
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const root = new URL('..', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const report = new URL(`test/fixtures/evidence/${version}/oidc/release-governance-report.html`, root);
const images = new URL('docs/images/', root);

mkdirSync(images, { recursive: true });
const executablePath = execFileSync('sh', ['-c', 'command -v chromium || command -v google-chrome'], {
  encoding: 'utf8',
});
const browser = await chromium.launch({ executablePath: executablePath.trim(), args: ['--no-sandbox'] });
for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 672 }, deviceScaleFactor: 1.5, colorScheme });
  await page.goto(pathToFileURL(fileURLToPath(report)).href);
  const path = fileURLToPath(new URL(`report-${colorScheme}.png`, images));
  await page.screenshot({ path });
  console.log(`docs/images/report-${colorScheme}.png  ${(statSync(path).size / 1024).toFixed(0)} KiB`);
}
await browser.close();
