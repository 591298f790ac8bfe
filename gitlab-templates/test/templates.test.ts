import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { packProgram, payloadOf, unpackProgram } from '../src/template/program.ts';
import { generateTemplates, TEMPLATE_PATHS } from '../src/template/templates.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`);
const program = read('gitlab-templates/dist/release-governance.cjs');
const templates = TEMPLATE_PATHS.map((path) => ({ path, text: read(path).toString('utf8') }));

const MIB = 1024 * 1024;
const MAX_BYTES = MIB / 2;
const MAX_SCRIPT_BYTES = MIB / 4;

describe.each(templates)('$path', ({ path, text }) => {
  it('is what the sources and the bundle generate; if not, run `npx -y pnpm@12 build` and commit the result', () => {
    const generated = generateTemplates({
      program,
      notices: read('gitlab-templates/dist/THIRD-PARTY-NOTICES.txt').toString('utf8'),
      version: __CAVRA_VERSION__,
      committed: (other) => templates.find((template) => template.path === other)?.text,
    });
    expect(generated.get(path) === text).toBe(true);
  });

  it('carries exactly the bundle that stands beside it, and its SHA-256', () => {
    expect(unpackProgram(payloadOf(text) ?? '')?.equals(program)).toBe(true);
    const sha256 = createHash('sha256').update(program).digest('hex');
    expect(text.match(/[0-9a-f]{64}/g)).toEqual([sha256, sha256]);
  });

  it('is far below GitLab’s limit of 2 MiB for a file and 1 MB for a text with inputs', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_BYTES);
    expect(Buffer.byteLength(scriptOf(text))).toBeLessThan(MAX_SCRIPT_BYTES);
  });

  it('has a script that no way of handing it to a shell changes', () => {
    const script = scriptOf(text);
    const [before = '', after = ''] = script.split("<<'CAVRA_RELEASE_GOVERNANCE' || exit $?\n");
    // Some runners hand a script on by an echo that takes backslashes for escapes.
    expect(script).not.toContain('\\');
    expect(script).not.toMatch(/[^\n -~]/);
    expect(before.match(/'/g)?.length).toBe(6);
    expect(after.split('\n').filter((line) => line === 'CAVRA_RELEASE_GOVERNANCE')).toHaveLength(1);
    expect(after.endsWith('\nCAVRA_RELEASE_GOVERNANCE\n')).toBe(true);
  });

  it('names the licences of what it carries', () => {
    for (const name of ['jose', 'yaml', 'tinyglobby']) expect(text).toMatch(new RegExp(`^# ${name} [0-9.]+ \\(`, 'm'));
  });
});

describe('packing', () => {
  it('keeps a payload that holds the same bundle, however it was packed', () => {
    const { payload } = packProgram(Buffer.from('a'), undefined);
    expect(packProgram(Buffer.from('a'), payload).payload).toBe(payload);
    const rewrapped = payload.replace(/^(.)/, '$1\n');
    expect(packProgram(Buffer.from('a'), rewrapped).payload).toBe(rewrapped);
  });

  it('packs anew for any other bundle, and for a payload that is none', () => {
    const { payload } = packProgram(Buffer.from('a'), undefined);
    expect(unpackProgram(packProgram(Buffer.from('b'), payload).payload)?.toString()).toBe('b');
    expect(unpackProgram(packProgram(Buffer.from('b'), 'none').payload)?.toString()).toBe('b');
    expect(unpackProgram('none')).toBeUndefined();
    expect(payloadOf('job:\n  script: [true]\n')).toBeUndefined();
  });
});

function scriptOf(text: string): string {
  const [, content] = parseAllDocuments(text).map((document) => document.toJS());
  return content['$[[ inputs.job_name ]]'].script[0];
}
