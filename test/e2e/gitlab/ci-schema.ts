import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import { Ajv, type ErrorObject } from 'ajv';

const SCHEMA_ID = '$id:"https://gitlab.com/.gitlab-ci.yml"';

/** What is wrong with a pipeline's configuration, by GitLab's own JSON Schema, as gitlab-ci-local brings it. */
export function ciSchemaErrors(configuration: unknown): readonly string[] {
  validate ??= new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(bundledSchema());
  const validator = validate;
  return validator(configuration) ? [] : (validator.errors ?? []).map(describe);
}

type Validator = ReturnType<Ajv['compile']>;
let validate: Validator | undefined;

function describe({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}

/** The schema is an object literal in the bundle of gitlab-ci-local. */
function bundledSchema(): object {
  const bundle = readFileSync(createRequire(import.meta.url).resolve('gitlab-ci-local/dist/index.js'), 'utf8');
  const marker = bundle.indexOf(SCHEMA_ID);
  if (marker === -1) throw new Error('gitlab-ci-local has no schema where it is looked for');
  const start = bundle.lastIndexOf('{$schema:', marker);
  return runInNewContext(`(${bundle.slice(start, endOfObject(bundle, start))})`) as object;
}

function endOfObject(text: string, start: number): number {
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}]/g;
  token.lastIndex = start;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '{') depth += 1;
    if (match[0] === '}') depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  throw new Error('the schema has no end');
}
