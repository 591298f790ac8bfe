/**
 * Text of a report: what is in a fixed-width font comes from outside or is a name. Renderers escape every part; none of them is ever
 * markup.
 */
export type Prose = readonly ProsePart[];
export type ProsePart = string | { readonly code: string };

/** Prose of a template; a value is text, prose, or set in a fixed-width font by `code`. */
export function say(strings: TemplateStringsArray, ...values: readonly (string | number | ProsePart | Prose)[]): Prose {
  const parts: ProsePart[] = [];
  for (const [index, text] of strings.entries()) {
    if (text !== '') parts.push(text);
    const value = values[index];
    if (value === undefined || value === '') continue;
    if (isProse(value)) parts.push(...value);
    else parts.push(typeof value === 'number' ? String(value) : value);
  }
  return parts;
}

export function code(text: string): ProsePart {
  return { code: text };
}

/** Names one after the other: `a`, `b` and 3 more. */
export function listed(names: readonly string[], most = 12): Prose {
  const shown = names.slice(0, most);
  const parts = shown.flatMap((name, index): ProsePart[] => (index === 0 ? [code(name)] : [', ', code(name)]));
  return names.length > most ? [...parts, ` and ${count(names.length - most)} more`] : parts;
}

/** A sentence of a diagnosis, in which `back quotes` set off what is code; one without a partner shows as itself. */
export function fromDiagnosis(text: string): Prose {
  const parts = text.split('`');
  const unpaired = parts.length % 2 === 0 ? parts.splice(-2).join('`') : undefined;
  if (unpaired !== undefined) parts.push(unpaired);
  return parts.flatMap((part, index): ProsePart[] => {
    if (part === '') return [];
    return [index % 2 === 1 ? code(part) : part];
  });
}

/** A whole number with its thousands set off. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 record`, `2 records`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * RFC 3339 in UTC, for people: `2026-03-04 05:06:07 UTC`.
 * @param digits of the second's fraction, cut and not rounded; where time matters, `datetime` beside it has all of them
 */
export function utc(time: string, digits = 0): string {
  const [, second = time, fraction = ''] = /^(.+:\d\d)(\.\d+)?Z$/.exec(time) ?? [];
  const shown = digits === 0 ? '' : fraction.slice(0, digits + 1);
  return second === time ? time : `${second.replace('T', ' ')}${shown} UTC`;
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isProse(value: unknown): value is Prose {
  return Array.isArray(value);
}
