// Finds where a program could run code that it has as text.
import { parseSync } from '@swc/core';

/** A place where a program makes code, by what it is and the text that it is about. */
export interface TextCode {
  readonly rule: string;
  /** The beginning of the string, or the name that is used. */
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Names that stand for running text, wherever they come from; most are of node:vm. */
const NAMES = new Set([
  'eval',
  'execScript',
  'compileFunction',
  'runInThisContext',
  'runInNewContext',
  'runInContext',
  'SourceTextModule',
  'SyntheticModule',
  'importModuleDynamically',
  '_compile',
  '__non_webpack_require__',
]);
const MODULES = new Set(['vm', 'node:vm', 'repl', 'node:repl', 'inspector', 'node:inspector']);
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate']);
/** A longer string is no message. */
const LONGEST_STRING = 4 * 1024;
const SHORTEST_CODE = 40;
const LOOKS_LIKE_CODE = /\bfunction\b|=>|\brequire\s*\(|\bimport\s*[({]|\bmodule\.exports\b/;
const SHOWN = 60;

/** @param source of a module or script */
export function codeFromText(source: string): readonly TextCode[] {
  const found: TextCode[] = [];
  const harmless = new Set<unknown>();
  walk(
    parseSync(source.replace(/^#!.*/, ''), { syntax: 'ecmascript', target: 'es2024' }) as unknown as Node,
    (node) => {
      harmless.add(harmlessIn(node));
      if (!harmless.has(node)) found.push(...namesIn(node), ...callsIn(node), ...stringsIn(node));
    },
  );
  return found;
}

/** A mention of `Function` that makes none: to ask whether something is one, or for what all of them have. */
function harmlessIn(node: Node): unknown {
  if (node.type === 'BinaryExpression' && node['operator'] === 'instanceof') return node['right'];
  return node.type === 'MemberExpression' && memberName(node) === 'prototype' ? node['object'] : undefined;
}

function namesIn(node: Node): readonly TextCode[] {
  if (node.type === 'MemberExpression' && identifierOf(node['object']) === 'WebAssembly') {
    return [{ rule: 'makes code', text: `WebAssembly.${memberName(node)}` }];
  }
  const name = node.type === 'Computed' ? (stringOf(node['expression']) ?? '') : identifierOf(node);
  if (name === 'Function') return [{ rule: 'makes a function of text', text: name }];
  return NAMES.has(name) ? [{ rule: 'runs text', text: name }] : [];
}

function callsIn(node: Node): readonly TextCode[] {
  if (node.type === 'ImportDeclaration') return modulesIn(stringOf(node['source']));
  if (node.type === 'KeyValueProperty' && keyName(node['key']) === 'eval') {
    return [{ rule: 'runs text', text: 'eval:' }];
  }
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return [];
  const callee = node['callee'];
  const argument = firstArgument(node);
  const name = isNode(callee) && callee.type === 'MemberExpression' ? memberName(callee) : identifierOf(callee);
  if (isNode(callee) && callee.type === 'Import') {
    const specifier = stringOf(argument);
    if (specifier === undefined || /^data:/.test(specifier)) return [{ rule: 'imports a text', text: specifier ?? '' }];
    return modulesIn(specifier);
  }
  if (name === 'Script' && node.type === 'NewExpression') return [{ rule: 'runs text', text: 'Script' }];
  if (TIMERS.has(name) && stringOf(argument) !== undefined) return [{ rule: 'runs text', text: name }];
  if (name === 'constructor' && stringOf(argument) !== undefined)
    return [{ rule: 'makes a function of text', text: name }];
  return modulesIn(stringOf(argument));
}

/** Whatever loads a module names it in its first argument, however `require` is called. */
function modulesIn(specifier: string | undefined): readonly TextCode[] {
  return specifier !== undefined && MODULES.has(specifier) ? [{ rule: 'loads what runs text', text: specifier }] : [];
}

function stringsIn(node: Node): readonly TextCode[] {
  const text =
    node.type === 'StringLiteral' ? stringOf(node) : node.type === 'TemplateElement' ? node['cooked'] : undefined;
  if (typeof text !== 'string') return [];
  const shown = text.slice(0, SHOWN);
  if (text.length > LONGEST_STRING) return [{ rule: 'has a long text', text: shown }];
  return text.length >= SHORTEST_CODE && LOOKS_LIKE_CODE.test(text) && parses(text)
    ? [{ rule: 'has code in a string', text: shown }]
    : [];
}

function parses(text: string): boolean {
  for (const candidate of [text, `(${text})`]) {
    try {
      parseSync(candidate, { syntax: 'ecmascript', target: 'es2024' });
      return true;
    } catch {
      // The next form, or none.
    }
  }
  return false;
}

function memberName({ property }: Node): string {
  if (!isNode(property)) return '';
  if (property.type === 'Identifier') return String(property['value']);
  return property.type === 'Computed' ? (stringOf(property['expression']) ?? '') : '';
}

function keyName(key: unknown): string {
  if (!isNode(key)) return '';
  return key.type === 'Identifier' || key.type === 'StringLiteral' ? String(key['value']) : '';
}

function identifierOf(node: unknown): string {
  return isNode(node) && node.type === 'Identifier' ? String(node['value']) : '';
}

/** Undefined: it is not known before it runs. */
function stringOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'StringLiteral') return String(node['value']);
  if (node.type !== 'TemplateLiteral' || (node['expressions'] as readonly Node[]).length > 0) return undefined;
  return String((node['quasis'] as readonly Node[])[0]?.['cooked']);
}

function firstArgument(call: Node): unknown {
  const list = call['arguments'];
  return Array.isArray(list) ? (list[0] as { expression?: unknown } | undefined)?.expression : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Not by recursion: what is minified nests deeper than a stack. */
function walk(root: unknown, visit: (node: Node) => void): void {
  const open = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (isNode(value)) visit(value);
    for (const [name, member] of Object.entries(value)) if (member !== undefined && name !== 'span') open.push(member);
  }
}
