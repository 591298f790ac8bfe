import { posix } from 'node:path';
import { parseSync } from '@swc/core';

const CORE = '@cavra/release-governance-core';
const COMPUTED = '(computed)';

/** The files that compose a program: they alone may read the process's environment, arguments and clock. */
const ENTRY_FILES = [
  /^packages\/cli\/src\/main\.ts$/,
  /^actions\/[^/]+\/src\/(main|post)\.ts$/,
  /^azure-task\/(.+\/)?src\/main\.ts$/,
  /^gitlab-templates\/src\/main\.ts$/,
  /^packages\/core\/src\/io\/system\/system\.ts$/,
];

const AMBIENT = new Set([
  'process.env',
  'process.argv',
  'process.exit',
  'Date.now',
  'Math.random',
  'performance.now',
  'performance.timeOrigin',
]);

/** What `node:crypto` offers that is not a function of its arguments. */
const RANDOM = new Set(['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues']);

/**
 * The arrows of the core: each folder of `packages/core/src`, and the folders that it may import. `index.ts`, the public surface, and
 * `thread.ts`, the program of a worker thread, put features together and may import all of them.
 */
export const CORE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  settings: ['domain'],
  io: ['domain'],
  // features
  request: ['domain', 'io', 'settings'],
  report: ['domain', 'io', 'settings'],
  keys: ['domain', 'io', 'settings'],
  policy: ['domain', 'io', 'settings', 'request', 'verify'],
  approvals: ['domain', 'io', 'settings', 'request'],
  verify: ['domain', 'io', 'settings', 'report', 'keys', 'approvals'],
  seal: ['domain', 'io', 'settings', 'verify', 'keys'],
  audit: ['domain', 'io', 'settings', 'verify', 'report', 'keys', 'approvals'],
  daemon: ['domain', 'io', 'settings', 'verify', 'seal', 'keys', 'policy', 'approvals'],
  gate: ['domain', 'io', 'settings', 'daemon', 'verify', 'seal', 'report', 'keys', 'policy', 'approvals', 'request'],
  doctor: ['domain', 'io', 'settings', 'gate', 'policy'],
  init: ['domain', 'io', 'settings', 'keys', 'policy', 'request'],
};

/** Part of the source tree, which the arrows are drawn between: a folder of the core, its public surface, or what is outside of it. */
type Layer = string;
const SURFACE = '(surface)';
const OUTSIDE = '(outside)';

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** What one source file reaches for. */
interface Uses {
  /** Module specifiers of static and dynamic imports, re-exports, import types and require calls. */
  readonly imports: readonly string[];
  /** Ambient inputs such as `process.env` and `new Date()`, wherever they are spelled. */
  readonly ambient: readonly string[];
  /** Names of random sources, whose bytes the domain is to be given. */
  readonly impure: readonly string[];
}

/** Returns a sentence for each arrow that `source`, the text of the file at `path`, draws the wrong way. */
export function violations(path: string, source: string): readonly string[] {
  const uses = inspect(source);
  const found = uses.imports.flatMap((specifier) => importViolation(path, specifier) ?? []);
  if (isProduct(path) && !ENTRY_FILES.some((pattern) => pattern.test(path))) {
    found.push(...uses.ambient.map((name) => `${name} belongs in an entry file`));
  }
  if (layerOf(path) === 'domain') found.push(...uses.impure.map((name) => `${name} is an argument in the domain`));
  return found.map((sentence) => `${path}: ${sentence}`);
}

function importViolation(path: string, specifier: string): string | undefined {
  const from = layerOf(path);
  if (specifier === COMPUTED && isProduct(path)) return 'imports what it computes, which no rule can be held to';
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;

  if (from === OUTSIDE) {
    if (path.startsWith('scripts/')) return undefined;
    const reachesInside = target === undefined ? specifier.startsWith(`${CORE}/`) : target.startsWith('packages/core/');
    return reachesInside ? `imports ${specifier}; only ${CORE} is public` : undefined;
  }
  if (path.startsWith('packages/core/test/')) return undefined;

  if (target !== undefined) {
    const to = layerOf(target);
    if (to === OUTSIDE) return `imports ${specifier}, outside the core`;
    if (to === SURFACE && from !== SURFACE) return `imports ${specifier}; the public surface is for others`;
    if (from === to || from === SURFACE || CORE_ARROWS[from]?.includes(to)) return undefined;
    return `imports ${specifier}; ${from} has no arrow to ${to}`;
  }
  if (specifier === CORE || specifier.startsWith(`${CORE}/`)) return `imports ${specifier}, which is itself`;
  if (from !== 'domain' || specifier === 'node:crypto' || specifier === 'node:buffer') return undefined;
  if (specifier === 'jose' && /^packages\/core\/src\/domain\/auth\/oidc(\/|[-.])/.test(path)) return undefined;
  return `imports ${specifier}; the domain is pure`;
}

function layerOf(path: string): Layer {
  if (!path.startsWith('packages/core/')) return OUTSIDE;
  return /^packages\/core\/src\/([^/]+)\//.exec(path)?.[1] ?? SURFACE;
}

function isProduct(path: string): boolean {
  return /^(packages|actions|gitlab-templates|azure-task)\/(.+\/)?src\//.test(path);
}

/** @throws when `source` is not TypeScript */
export function inspect(source: string): Uses {
  const imports: string[] = [];
  const ambient: string[] = [];
  const impure: string[] = [];
  walk(parseSync(source, { syntax: 'typescript', target: 'es2023' }) as unknown as Node, (node) => {
    imports.push(...importsOf(node));
    ambient.push(...ambientOf(node));
    impure.push(...impureOf(node));
  });
  return { imports, ambient, impure };
}

function importsOf(node: Node): readonly string[] {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return isNode(node['source']) ? [literal(node['source'])] : [];
    case 'TsExternalModuleReference':
      return [literal(node['expression'])];
    case 'TsImportType':
      return [literal(node['argument'])];
    case 'CallExpression': {
      const callee = node['callee'];
      const loads = isNode(callee) && (callee.type === 'Import' || identifier(callee) === 'require');
      return loads ? [literal(firstArgument(node))] : [];
    }
    default:
      return [];
  }
}

function ambientOf(node: Node): readonly string[] {
  switch (node.type) {
    case 'MemberExpression': {
      const name = `${lastName(node['object'])}.${lastName(node['property'])}`;
      return AMBIENT.has(name) ? [name] : [];
    }
    case 'NewExpression':
      return identifier(node['callee']) === 'Date' && firstArgument(node) === undefined ? ['new Date()'] : [];
    case 'CallExpression':
      return identifier(node['callee']) === 'Date' ? ['Date()'] : [];
    case 'VariableDeclarator': // const { env } = process
      return names(node['id'], 'properties', 'key')
        .map((member) => `${lastName(node['init'])}.${member}`)
        .filter((name) => AMBIENT.has(name));
    case 'ImportDeclaration': {
      // import { env } from 'node:process'
      const module = literal(node['source']).replace(/^node:/, '');
      return names(node, 'specifiers', 'imported', 'local')
        .map((member) => `${module}.${member}`)
        .filter((name) => AMBIENT.has(name));
    }
    default:
      return [];
  }
}

function impureOf(node: Node): readonly string[] {
  if (node.type === 'MemberExpression') {
    const name = lastName(node['property']);
    return RANDOM.has(name) ? [name] : [];
  }
  if (node.type === 'ImportDeclaration') {
    return names(node, 'specifiers', 'imported', 'local').filter((name) => RANDOM.has(name));
  }
  return [];
}

/** Names of the members of a pattern or an import: of each item of `list`, the first of `keys` that it has. */
function names(node: unknown, list: string, ...keys: string[]): readonly string[] {
  if (!isNode(node) || !Array.isArray(node[list])) return [];
  return (node[list] as readonly Node[]).map((item) => lastName(keys.map((key) => item[key]).find(isNode)));
}

/** The rightmost name of an expression: `env` of `globalThis.process.env`, of `process['env']` and of `env`. */
function lastName(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'MemberExpression') return lastName(node['property']);
  if (node.type === 'Computed') return lastName(node['expression']);
  if (node.type === 'ParenthesisExpression') return lastName(node['expression']);
  return typeof node['value'] === 'string' ? node['value'] : '';
}

function identifier(node: unknown): string {
  return isNode(node) && node.type === 'Identifier' ? lastName(node) : '';
}

/** The text of a string; a specifier that is computed has none. */
function literal(node: unknown): string {
  if (isNode(node) && node.type === 'StringLiteral') return node['value'] as string;
  return COMPUTED;
}

function firstArgument(call: Node): unknown {
  const list = call['arguments'];
  return Array.isArray(list) ? (list[0] as { expression?: unknown } | undefined)?.expression : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (typeof value === 'object' && value !== null) {
    if (isNode(value)) visit(value);
    for (const member of Object.values(value)) walk(member, visit);
  }
}
