// Writes the published JSON Schemas and docs/errors.md from the tables that the code follows. A test compares them with what is
// committed.
//
//   node scripts/generate-schemas.mjs
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Published file, and the module and function that give its text. */
const files = [
  {
    file: 'schemas/request.schema.json',
    module: 'packages/core/src/domain/request/json-schema.ts',
    function: 'requestJsonSchema',
  },
  {
    file: 'schemas/trust-policy.schema.json',
    module: 'packages/core/src/domain/trust/json-schema.ts',
    function: 'trustPolicyJsonSchema',
  },
  {
    file: 'schemas/keyring.schema.json',
    module: 'packages/core/src/domain/keys/json-schema.ts',
    function: 'keyringJsonSchema',
  },
  {
    file: 'docs/errors.md',
    module: 'packages/core/src/domain/diagnosis-page.ts',
    function: 'diagnosisPage',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

for (const published of files) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [published.module],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  await writeFile(new URL(`../${published.file}`, import.meta.url), module[published.function]());
  console.log(published.file);
}
