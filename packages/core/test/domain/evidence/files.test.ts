import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  claimsFileText,
  indentJson,
  KNOWN_EVIDENCE_FILES,
  responseFileText,
  responsesFileText,
  runFileText,
} from '../../../src/domain/evidence/files.ts';

describe('files of an evidence folder', () => {
  it('have distinct names without a folder', () => {
    expect(new Set(KNOWN_EVIDENCE_FILES).size).toBe(KNOWN_EVIDENCE_FILES.length);
    expect(KNOWN_EVIDENCE_FILES.filter((name) => !/^[a-z.-]+$/.test(name))).toEqual([]);
  });

  it('are all in the documentation of the format', () => {
    const page = readFileSync(new URL('../../../../../docs/evidence-format.md', import.meta.url), 'utf8');
    expect(KNOWN_EVIDENCE_FILES.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('has claims with sorted keys, empty fields left out', () => {
    expect(claimsFileText({ provider: 'local', repository: 'a<b', actor: 'x', job: '' })).toBe(
      '{\n  "actor": "x",\n  "provider": "local",\n  "repository": "a\\u003cb"\n}\n',
    );
    expect(claimsFileText({})).toBe('{}\n');
  });

  it('has the facts of the run in the order in which they were given', () => {
    expect(runFileText({ front_end: 'gitlab-component', version: '1.0.0' })).toBe(
      '{\n  "front_end": "gitlab-component",\n  "version": "1.0.0"\n}\n',
    );
  });

  it('has the response in wire order', () => {
    expect(responseFileText({ decision: 'allow', evidence_refs: ['a', 'b,c'], rule_id: '{}' })).toBe(
      '{\n  "rule_id": "{}",\n  "decision": "allow",\n  "evidence_refs": [\n    "a",\n    "b,c"\n  ]\n}\n',
    );
    expect(responsesFileText([{ decision: 'allow' }, { decision: 'block' }])).toBe(
      '{"decision":"allow"}\n{"decision":"block"}\n',
    );
  });
});

describe('indentJson', () => {
  it.each([
    '{"a":[1,{"b":[]},{}],"c":"\\"[{,:}]\\\\","d":{"e":[[true],[null]]}}',
    '[]',
    '"x"',
    '{"a":"\\\\","b":{"c":1}}',
  ])('indents %s as JSON.stringify does', (compact) => {
    expect(indentJson(compact)).toBe(JSON.stringify(JSON.parse(compact), null, 2));
  });

  it('keeps numbers and escapes as they are', () => {
    expect(indentJson('{"n":9007199254740993,"s":"\\u003c"}')).toBe('{\n  "n": 9007199254740993,\n  "s": "\\u003c"\n}');
  });
});
