import { describe, expect, it } from '@jest/globals';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';
import { codeFromText } from './code-from-text.ts';

/** What programs may hold all the same: by file, what it is about, and why. */
const EXCEPTIONS: readonly { readonly file: RegExp; readonly text: string; readonly reason: string }[] = [
  {
    file: /./,
    text: 'WebAssembly.Module',
    reason: 'the matcher of lines (docs/decisions/0010-a-program-for-lines.md)',
  },
  { file: /./, text: 'WebAssembly.Instance', reason: 'the matcher of lines' },
  { file: /./, text: '\n:root{color-scheme:light dark;', reason: 'the style sheet of the reports' },
  {
    file: /\/artifact-client\.mjs$/,
    text: 'WebAssembly.compile',
    reason: 'undici, by which the artifact client uploads',
  },
  { file: /\/artifact-client\.mjs$/, text: 'WebAssembly.instantiate', reason: 'undici' },
  { file: /\/artifact-client\.mjs$/, text: 'WebAssembly.RuntimeError', reason: 'undici' },
  {
    file: /\/artifact-client\.mjs$/,
    text: 'AGFzbQEAAAABJwdgAX8Bf2ADf39/AX9gAX8A',
    reason: 'undici: its parser in WebAssembly',
  },
  { file: /\/artifact-client\.mjs$/, text: 'Function', reason: 'lodash, which asks for the global object by it' },
  { file: /\.yml$/, text: 'node:vm', reason: 'the template carries its program, and checks its SHA-256' },
  { file: /\.yml$/, text: 'compileFunction', reason: 'the template carries its program' },
];

const PROGRAMS = repositoryFiles().filter((path) => /\/dist\/[^/]+\.[cm]js$/.test(path));
const TEMPLATES = repositoryFiles().filter((path) => /^(gitlab-)?templates\/([^/]+\/)?[^/]+\.yml$/.test(path));

/** The JavaScript of a template's script. */
function scriptOf(template: string): string {
  return /"\$cavra_node" -e '([^']*)'/.exec(template)?.[1] ?? '';
}

describe('a committed program has all its code as code', () => {
  const excepted = new Set<string>();

  it.each([...PROGRAMS, ...TEMPLATES])('%s', (path) => {
    const text = readRepositoryFile(path);
    const source = path.endsWith('.yml') ? scriptOf(text) : text;
    expect(source).not.toBe('');
    const found = codeFromText(source).filter(({ text: about }) => {
      const exception = EXCEPTIONS.find(({ file, text: start }) => file.test(path) && about.startsWith(start));
      if (exception !== undefined) excepted.add(exception.text);
      return exception === undefined;
    });
    expect(found).toEqual([]);
  });

  it('and each exception is one', () => {
    expect(PROGRAMS.length).toBeGreaterThan(10);
    expect(TEMPLATES).toHaveLength(4);
    expect(EXCEPTIONS.filter(({ text }) => !excepted.has(text))).toEqual([]);
  });
});

describe('code that is made from text is found', () => {
  const code = JSON.stringify('module.exports = function (a) { return a + 1; };');
  it.each([
    ['eval(text)', 'eval'],
    ['(0, eval)(text)', 'eval'],
    ['globalThis.eval(text)', 'eval'],
    ["globalThis['eval'](text)", 'eval'],
    ['new Function(text)', 'Function'],
    ['Function("a", text)()', 'Function'],
    ['new globalThis.Function(text)', 'Function'],
    ['const make = Function; make(text);', 'Function'],
    ['Reflect.construct(Function, [text])', 'Function'],
    ['(() => {}).constructor("return 1")', 'constructor'],
    ['import { runInThisContext as run } from "node:vm"; run(text)', 'node:vm'],
    ['import * as vm from "vm";', 'vm'],
    ['const vm = require("node:vm");', 'node:vm'],
    ['const vm = __require(`vm`);', 'vm'],
    ['const vm = process.getBuiltinModule("node:vm");', 'node:vm'],
    ['const { compileFunction: f } = x;', 'compileFunction'],
    ['x.compileFunction(text)', 'compileFunction'],
    ['module._compile(text, "a.js")', '_compile'],
    ['new Script(text)', 'Script'],
    ['new vm.Script(text)', 'Script'],
    ['new Worker(text, { eval: true })', 'eval:'],
    ['setTimeout("run()", 1)', 'setTimeout'],
    ['import(text)', ''],
    ['import("data:text/javascript,1")', 'data:text/javascript,1'],
    ['WebAssembly.instantiate(bytes)', 'WebAssembly.instantiate'],
    [`const text = ${code};`, 'module.exports = function (a) { return a + 1; };'],
    [`const text = ${code.replaceAll('"', '`')};`, 'module.exports = function (a) { return a + 1; };'],
    [`const text = '${'x'.repeat(5000)}';`, 'x'.repeat(60)],
  ])('%s', (source, text) => {
    expect(codeFromText(source).map((found) => found.text)).toContain(text);
  });

  it.each([
    ['const message = "give a function => it is called once for each line, and so on";'],
    ['const evaluate = 1; x.evaluation(); const f = function () {};'],
    ['import { createHash } from "node:crypto"; setTimeout(() => {}, 1);'],
    ['await import("./yaml-library.mjs"); await import("node:tls");'],
    ['x instanceof Function; Function.prototype.call(x);'],
    ['x.constructor(); x.constructor.name; new x.constructor(1);'],
  ])('and nothing else is: %s', (source) => {
    expect(codeFromText(source)).toEqual([]);
  });
});
