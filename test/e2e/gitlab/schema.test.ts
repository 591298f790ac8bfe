import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { readRepositoryFile } from '../../support/repository.ts';
import { ciSchemaErrors } from './ci-schema.ts';

const TEMPLATES = [
  'gitlab-templates/release-governance.yml',
  'gitlab-templates/release-governance-verify.yml',
  'templates/release-governance/template.yml',
  'templates/release-governance-verify/template.yml',
];

type Inputs = Readonly<Record<string, { readonly default: unknown }>>;

/** Interpolates the defaults as GitLab does: a whole value keeps its type, a part of one becomes text. */
function interpolated(value: unknown, inputs: Inputs): unknown {
  if (Array.isArray(value)) return value.map((item) => interpolated(item, inputs));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [String(interpolated(key, inputs)), interpolated(item, inputs)]),
    );
  }
  if (typeof value !== 'string') return value;
  const whole = /^\$\[\[ inputs\.(\w+) \]\]$/.exec(value)?.[1];
  if (whole !== undefined) return inputs[whole]?.default;
  return value.replace(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => String(inputs[name]?.default));
}

describe.each(TEMPLATES)('%s', (path) => {
  // As GitLab reads it: YAML 1.1.
  const [header, content] = parseAllDocuments(readRepositoryFile(path), { version: '1.1' }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });

  it('is valid by GitLab’s schema, header and job', () => {
    // This schema is older than `component`, which GitLab has since 18.7.
    const { component, ...spec } = header.spec;
    expect(component ?? []).toEqual(path.startsWith('templates/') ? ['name', 'reference', 'sha', 'version'] : []);
    expect(ciSchemaErrors({ spec })).toEqual([]);
    expect(ciSchemaErrors(interpolated(content, header.spec.inputs))).toEqual([]);
  });

  it('has one job and no global keyword', () => {
    expect(Object.keys(content)).toEqual(['$[[ inputs.job_name ]]']);
    expect(Object.keys(header)).toEqual(['spec']);
  });
});

it('the schema finds what is wrong', () => {
  expect(ciSchemaErrors({ gate: { script: ['true'], artifacts: { access: 'everybody' } } })).not.toEqual([]);
  expect(ciSchemaErrors({ spec: { inputs: { a: { type: 'text' } } } })).not.toEqual([]);
  expect(ciSchemaErrors({ gate: { id_tokens: { T: {} }, script: ['true'] } })).not.toEqual([]);
});
