/** What `prettyJson` writes. An integer may be a bigint; `undefined` members are left out. */
export type PlainJson =
  | null
  | boolean
  | string
  | number
  | bigint
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson | undefined };

/** JSON for people: two spaces of indent, members in their order, a final line end. Unlike `JSON.stringify` it writes a bigint. */
export function prettyJson(value: PlainJson): string {
  return `${write(value, '')}\n`;
}

function write(value: PlainJson, indent: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    return bracket(
      '[]',
      value.map((item) => write(item, `${indent}  `)),
      indent,
    );
  }
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [`${JSON.stringify(name)}: ${write(member, `${indent}  `)}`],
  );
  return bracket('{}', members, indent);
}

function bracket(pair: '[]' | '{}', items: readonly string[], indent: string): string {
  if (items.length === 0) return pair;
  const inner = items.map((item) => `\n${indent}  ${item}`).join(',');
  return `${pair.charAt(0)}${inner}\n${indent}${pair.charAt(1)}`;
}

function isList(value: PlainJson): value is readonly PlainJson[] {
  return Array.isArray(value);
}
