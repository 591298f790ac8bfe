import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NoOperationTraceWriter } from '@actions/workflow-parser';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';
import { GATE_OUTPUTS, GATE_SETTINGS } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { ACTION_INPUTS } from '../../../actions/release-governance/src/inputs.ts';
import { VERIFY_INPUTS } from '../../../actions/verify/src/inputs.ts';
import { VERIFY_OUTPUTS } from '../../../actions/verify/src/run.ts';
import { readRepositoryFile, root } from '../../support/repository.ts';
import { evaluateDefault } from './expressions.ts';

interface Metadata {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly runs: { readonly using: string; readonly main: string; readonly post?: string };
  readonly branding: { readonly icon: string; readonly color: string };
}

const FILES = ['action.yml', 'actions/verify/action.yml'] as const;
const read = (file: string) => parse(readRepositoryFile(file)) as Metadata;

describe.each(FILES)('%s', (file) => {
  it('is valid by GitHub’s own schema', () => {
    const { context } = parseAction({ name: file, content: readRepositoryFile(file) }, new NoOperationTraceWriter());
    expect(context.errors.getErrors().map(({ message }) => message)).toEqual([]);
  });

  it('explains itself and runs what is committed, on Node 24', () => {
    const { runs, branding, inputs, outputs, description: summary } = read(file);
    // The Marketplace takes no more.
    expect(summary.length).toBeLessThan(125);
    expect(runs.using).toBe('node24');
    for (const script of [runs.main, runs.post]) {
      if (script !== undefined) expect(existsSync(join(root, dirname(file), script))).toBe(true);
    }
    expect(branding).toEqual({ icon: expect.any(String), color: 'blue' });
    for (const { description } of [...Object.values(inputs), ...Object.values(outputs)]) {
      expect(description.length).toBeGreaterThan(5);
    }
  });
});

describe('the gate’s action.yml', () => {
  const { inputs, outputs } = read('action.yml');

  it('declares every setting that this version has, and its own inputs', () => {
    // An input that is not declared could be slipped in by the environment; one that is not supported would only confuse.
    const settings = GATE_SETTINGS.filter(({ availability }) => availability === undefined).map(({ name }) => name);
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining([...settings, ...ACTION_INPUTS]));
    expect(Object.keys(inputs)).toHaveLength(settings.length + ACTION_INPUTS.length);
  });

  it.each(GATE_SETTINGS.filter(({ availability }) => availability === undefined))(
    'has the default of $name',
    (setting) => {
      expect(inputs[setting.name]?.default).toBe(setting.default);
    },
  );

  it('declares every output', () => {
    expect(Object.keys(outputs)).toEqual([
      ...Object.keys(GATE_OUTPUTS),
      'artifact-name',
      'artifact-id',
      'artifact-url',
    ]);
  });

  it.each([
    [{ index: 0, total: 1 }, ''],
    [{ index: 0, total: 2 }, '0'],
    [{ index: 11, total: 12 }, '11'],
  ])('knows the place %j in a matrix', (matrix, expected) => {
    expect(evaluateDefault(inputs['matrix-index']?.default ?? '', matrix)).toBe(expected);
  });
});

it('the verifying action.yml declares what is read and written', () => {
  const { inputs, outputs } = read('actions/verify/action.yml');
  expect(Object.keys(inputs)).toEqual([...VERIFY_INPUTS]);
  expect(Object.keys(outputs)).toEqual([...VERIFY_OUTPUTS]);
});
