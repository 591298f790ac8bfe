// Writes the published JSON Schemas, docs/errors.md and the Azure task's task.json from the tables that the code follows. A test
// compares them with what is committed.
//
//   node scripts/generate-schemas.mjs
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Published file, and the module and function that give its text. */
const files = [
  {
    file: 'schemas/request.schema.json',
    module: 'scripts/published/request-schema.ts',
    function: 'requestJsonSchema',
  },
  {
    file: 'schemas/trust-policy.schema.json',
    module: 'scripts/published/trust-policy-schema.ts',
    function: 'trustPolicyJsonSchema',
  },
  {
    file: 'schemas/keyring.schema.json',
    module: 'scripts/published/keyring-schema.ts',
    function: 'keyringJsonSchema',
  },
  {
    file: 'schemas/checkpoint.schema.json',
    module: 'scripts/published/checkpoint-schema.ts',
    function: 'checkpointJsonSchema',
  },
  {
    file: 'schemas/daemon.schema.json',
    module: 'scripts/published/daemon-schema.ts',
    function: 'daemonJsonSchema',
  },
  {
    file: 'docs/errors.md',
    module: 'scripts/published/errors-page.ts',
    function: 'diagnosisPage',
  },
  {
    file: 'azure-task/release-governance/task.json',
    module: 'azure-task/src/task-definition.ts',
    function: 'taskJson',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

for (const published of files) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [published.module],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    define: { __CAVRA_VERSION__: JSON.stringify(version) },
  });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  await writeFile(new URL(`../${published.file}`, import.meta.url), module[published.function]());
  console.log(published.file);
}
