import { readFileSync } from 'node:fs';
import { camelCase, GATE_OUTPUTS, GATE_SETTINGS } from '@cavra/release-governance-core';
import { describe, expect, it } from '@jest/globals';
import { INPUT_NAMES } from '../release-governance/src/run-task.ts';
import { taskDefinition, taskJson, taskVersion } from '../src/task-definition.ts';

const root = new URL('../../', import.meta.url);
const task = taskDefinition('0.1.0');
const inputNames = task.inputs.map(({ name }) => name);

it('task.json is what the tables say; `node scripts/generate-schemas.mjs` writes it', () => {
  expect(readFileSync(new URL('azure-task/release-governance/task.json', root), 'utf8')).toBe(taskJson());
});

it('has every input that the task reads, and no other', () => {
  expect([...inputNames].sort()).toEqual([...new Set(INPUT_NAMES)].sort());
});

it('has every setting of the gate, with the same default and choices', () => {
  for (const { name, default: standard = '', choices } of GATE_SETTINGS) {
    const input = task.inputs.find((candidate) => candidate.name === camelCase(name));
    expect(input).toMatchObject({ defaultValue: standard, required: false });
    if (choices !== undefined) expect(Object.keys(input?.options ?? {})).toEqual(choices);
  }
});

it('lets the task set its outputs and nothing else', () => {
  const names = [...Object.keys(GATE_OUTPUTS).map(camelCase), 'artifactName'];
  expect(task.outputVariables.map(({ name }) => name)).toEqual(names);
  expect(task.restrictions).toEqual({ settableVariables: { allowed: names } });
});

it('asks for nothing without which a build of a fork would be skipped', () => {
  expect(task.inputs.filter(({ required }) => required)).toEqual([]);
});

it('explains every input in a sentence, and puts it where its command is', () => {
  const groups = new Map(task.groups.map((group) => [group.name, group]));
  for (const { name, label, helpMarkDown, groupName, visibleRule } of task.inputs) {
    expect(`${name}: ${helpMarkDown}`).toMatch(/: [A-Z`].*\.$/s);
    expect(label.length).toBeLessThanOrEqual(40);
    if (groupName !== undefined) expect(groups.has(groupName)).toBe(true);
    const placed = groupName !== undefined || visibleRule !== undefined;
    expect({ name, placed }).toEqual({ name, placed: !['command', 'keyring', 'summary'].includes(name) });
  }
});

describe('the version', () => {
  it.each([
    ['0.1.0', { Major: 1, Minor: 1, Patch: 0 }],
    ['0.12.3', { Major: 1, Minor: 12, Patch: 3 }],
    ['1.0.0', { Major: 1, Minor: 1000, Patch: 0 }],
    ['2.5.1', { Major: 1, Minor: 2005, Patch: 1 }],
  ])('%s grows with the product’s', (product, version) => {
    expect(taskVersion(product)).toEqual(version);
  });

  it.each(['', '1', '1.2', '1.x.0', '0.1000.0'])('%s is none', (product) => {
    expect(() => taskVersion(product)).toThrow(/no version/);
  });
});
