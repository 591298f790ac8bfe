import type { Document, Node, Pair } from 'yaml';
import { MAX_JSON_DEPTH, MAX_REPORT_FINDINGS } from '../../domain/limits.ts';
import type { DocumentPath, Locate, PolicyProblem } from '../../domain/trust/problems.ts';
import { formatPath, quoted } from '../../domain/trust/problems.ts';
import { scanYaml } from './yaml-scan.ts';

type Yaml = typeof import('yaml');

export type YamlResult =
  | { readonly ok: true; readonly value: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/**
 * Reads one YAML 1.2 document (core schema) in the part of YAML that cannot surprise: no alias, anchor, tag, directive, merge key,
 * second document, key that is no string, or key given twice. Integers are bigints; mappings are objects without a prototype.
 *
 * The YAML package is loaded only here, on the first use.
 */
export async function parseStrictYaml(text: string): Promise<YamlResult> {
  const { yaml } = await import('./yaml-library.ts');
  const lines = new yaml.LineCounter();
  const refused = scanYaml(yaml, text, lines);
  if (refused.length > 0) {
    return { ok: false, problems: refused };
  }
  const document = yaml.parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    // Compared in time square to the keys; the conversion below finds duplicates by a set.
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
    // Not silent: that would keep back the error on a second document.
    logLevel: 'error',
    lineCounter: new yaml.LineCounter(),
  });
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    message: `not valid YAML, ${lowerFirst(error.message)}`,
    position: positionOf(error.pos[0]),
  }));
  if (syntax.length > 0) {
    return { ok: false, problems: syntax.slice(0, MAX_REPORT_FINDINGS) };
  }
  const converter = new Converter(yaml, positionOf);
  const value = converter.convert(document.contents, []);
  if (converter.problems.length > 0) {
    return { ok: false, problems: converter.problems };
  }
  return { ok: true, value, locate: (path) => locate(yaml, document, path, positionOf) };
}

type PositionOf = (offset: number) => { readonly line: number; readonly column: number };

/** Makes plain values of the document's nodes; the depth is checked before each descent. */
class Converter {
  readonly problems: PolicyProblem[] = [];
  readonly #yaml: Yaml;
  readonly #positionOf: PositionOf;

  constructor(yaml: Yaml, positionOf: PositionOf) {
    this.#yaml = yaml;
    this.#positionOf = positionOf;
  }

  convert(node: unknown, path: DocumentPath): unknown {
    if (node === null || this.#yaml.isScalar(node)) {
      return node === null ? null : node.value;
    }
    if (path.length >= MAX_JSON_DEPTH) {
      return this.#report(node, path, `nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
    if (this.#yaml.isSeq(node)) {
      return node.items.map((item, index) => this.convert(item, [...path, index]));
    }
    return this.#yaml.isMap(node)
      ? this.#convertMap(node.items, path)
      : this.#report(node, path, 'is neither a mapping, a list nor a plain value');
  }

  #convertMap(pairs: readonly Pair[], path: DocumentPath): Record<string, unknown> {
    const members: Record<string, unknown> = Object.create(null);
    for (const { key, value } of pairs) {
      const name = this.#yaml.isScalar(key) ? key.value : undefined;
      if (typeof name !== 'string') {
        this.#report(key, path, 'a key is not a string; put it in quotes');
      } else if (name === '<<') {
        this.#report(key, path, 'merge keys are not allowed; write the members out');
      } else if (Object.hasOwn(members, name)) {
        this.#report(key, path, `the key ${quoted(name)} is given twice`);
      } else {
        members[name] = this.convert(value, [...path, name]);
      }
    }
    return members;
  }

  #report(node: unknown, path: DocumentPath, message: string): undefined {
    if (this.problems.length < MAX_REPORT_FINDINGS) {
      const offset = startOf(this.#yaml, node);
      const position = offset === undefined ? {} : { position: this.#positionOf(offset) };
      this.problems.push({ path: formatPath(path), message, ...position });
    }
    return undefined;
  }
}

function locate(
  yaml: Yaml,
  document: Document.Parsed,
  path: DocumentPath,
  positionOf: PositionOf,
): ReturnType<PositionOf> | undefined {
  let node: unknown = document.contents;
  let offset = startOf(yaml, node);
  for (const step of path) {
    if (yaml.isMap(node)) {
      const pair = node.items.find(({ key }) => yaml.isScalar(key) && key.value === step);
      offset = startOf(yaml, pair?.key) ?? offset;
      node = pair?.value;
    } else if (yaml.isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = startOf(yaml, node) ?? offset;
    }
  }
  return offset === undefined ? undefined : positionOf(offset);
}

function startOf(yaml: Yaml, node: unknown): number | undefined {
  return yaml.isNode(node) ? (node as Node).range?.[0] : undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
