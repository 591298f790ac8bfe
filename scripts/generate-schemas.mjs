// Writes the published JSON Schemas from the tables that the parsers follow. A test compares them with what is committed.
//
//   node scripts/generate-schemas.mjs
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Schema file to the module and function that give its text. */
const schemas = [
  {
    file: 'schemas/request.schema.json',
    module: 'packages/core/src/domain/request/json-schema.ts',
    function: 'requestJsonSchema',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

for (const schema of schemas) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [schema.module],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
  });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  await writeFile(new URL(`../${schema.file}`, import.meta.url), module[schema.function]());
  console.log(schema.file);
}
