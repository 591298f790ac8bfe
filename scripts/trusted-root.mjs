// @ts-check
// Embeds the trusted root of Sigstore's public instance: node scripts/trusted-root.mjs trusted_root.json
// Take the newest one of sigstore/root-signing (targets/trusted_root.json), verified by a TUF client, before each release.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('give the path of trusted_root.json');
const text = readFileSync(source, 'utf8');
if (/[`\\$]/.test(text)) throw new Error('the text cannot stand in a template');
const sha256 = createHash('sha256').update(text).digest('hex');
const target = fileURLToPath(
  new URL('../packages/core/src/domain/keyless/public-instance/trusted-root-text.ts', import.meta.url),
);
writeFileSync(
  target,
  `/** trusted_root.json of Sigstore's public instance, as it is published; written by scripts/trusted-root.mjs. SHA-256 ${sha256} */
export const PUBLIC_TRUSTED_ROOT_TEXT = \`${text}\`;
`,
);
process.stdout.write(`${sha256}\n`);
