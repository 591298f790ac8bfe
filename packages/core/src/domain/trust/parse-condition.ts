import { MAX_TRUST_POLICY_VALUE_LENGTH, MAX_TRUST_POLICY_VALUES } from '../limits.ts';
import type { ClaimKind } from './claims.ts';
import {
  describeValue,
  isObject,
  type ProblemCollector,
  readList,
  readObject,
  readText,
  rejectDuplicates,
} from './document.ts';
import { describePattern, exactly, GUID_FORM, glob, type ValuePattern } from './pattern.ts';
import { type DocumentPath, quoted } from './problems.ts';

export const ID_FORM = /^(?:0|[1-9][0-9]{0,19})$/;

/** A URL may hold escapes; anywhere else a value is written as the token has it. */
export const ESCAPE_FORM = /^(?!https?:\/\/).*%[0-9A-Fa-f]{2}/;
/** A ref that ends before the name of a branch or tag, such as `refs/heads/`. */
export const BARE_REF_FORM = /^refs\/(?:[^/]*\/?|.*\/)$/;

/** The values of one condition: one value or a list, any of which may match. Undefined when one was reported as wrong. */
export function readPatterns(
  value: unknown,
  path: DocumentPath,
  kind: ClaimKind,
  collector: ProblemCollector,
): readonly ValuePattern[] | undefined {
  if (!Array.isArray(value) || kind === 'flag') {
    const pattern = READERS[kind](value, path, collector);
    return pattern && [pattern];
  }
  const items = readList(value, path, MAX_TRUST_POLICY_VALUES, collector) ?? [];
  const read = items.flatMap((item, index) => {
    const itemPath = [...path, index];
    const pattern = READERS[kind](item, itemPath, collector);
    return pattern ? [{ pattern, path: itemPath, text: describePattern(pattern) }] : [];
  });
  rejectDuplicates(read, collector);
  return read.length === items.length && items.length > 0 ? read.map(({ pattern }) => pattern) : undefined;
}

type PatternReader = (value: unknown, path: DocumentPath, collector: ProblemCollector) => ValuePattern | undefined;

const READERS: Readonly<Record<ClaimKind, PatternReader>> = {
  id: readId,
  guid: readGuid,
  flag: readFlag,
  text: readExactText,
  path: (value, path, collector) =>
    isObject(value) ? readGlob(value, path, collector) : readExactPath(value, path, collector),
};

function readId(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return collector.report(path, `expected the id as a string of digits; put it in quotes: '${value}'`);
  }
  if (typeof value !== 'string' || !ID_FORM.test(value)) {
    const got = typeof value === 'string' ? quoted(value) : describeValue(value);
    return collector.report(path, `expected a numeric id as a string of digits, got ${got}`);
  }
  return exactly(value);
}

function readGuid(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  if (typeof value !== 'string' || !GUID_FORM.test(value)) {
    const got = typeof value === 'string' ? quoted(value) : describeValue(value);
    return collector.report(path, `expected a GUID like 01234567-89ab-cdef-0123-456789abcdef, got ${got}`);
  }
  return exactly(value.toLowerCase());
}

function readFlag(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  if (typeof value !== 'boolean') {
    const got = typeof value === 'string' ? `the string ${quoted(value)}` : describeValue(value);
    return collector.report(path, `expected true or false without quotes, got ${got}`);
  }
  return exactly(String(value));
}

function readExactText(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  if (isObject(value)) {
    return collector.report(path, 'is compared exactly; a glob is not possible here, name each value');
  }
  const text = readText(value, path, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  if (text?.includes('*')) {
    return collector.report(
      path,
      `is compared exactly, so that * in ${quoted(text)} would stand for itself; name each value`,
    );
  }
  return text === undefined ? undefined : readExact(text, path, collector);
}

function readExact(text: string, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  if (BARE_REF_FORM.test(text)) {
    return collector.report(path, `${quoted(text)} names no branch or tag`);
  }
  if (ESCAPE_FORM.test(text)) {
    return collector.report(path, `${quoted(text)} holds a % escape; write the character itself`);
  }
  // The values of tokens are compared in lower case where they are GUIDs.
  return exactly(GUID_FORM.test(text) ? text.toLowerCase() : text);
}

function readExactPath(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  const text = readText(value, path, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  if (text?.includes('*')) {
    return collector.report(path, `is compared exactly; for a pattern write {glob: ${quoted(text)}}`);
  }
  return text === undefined ? undefined : readExact(text, path, collector);
}

function readGlob(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  const members = readObject(value, path, { required: ['glob'], optional: [] }, collector);
  if (members === undefined || !Object.hasOwn(members, 'glob')) {
    return undefined;
  }
  const globPath = [...path, 'glob'];
  const text = readText(members['glob'], globPath, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  if (text === undefined) {
    return undefined;
  }
  if (!text.includes('*')) {
    return collector.report(globPath, `has no *; write the value ${quoted(text)} without glob`);
  }
  if (ESCAPE_FORM.test(text)) {
    return collector.report(globPath, `${quoted(text)} holds a % escape; write the character itself`);
  }
  if (text.includes('**')) {
    return collector.report(
      globPath,
      '** is not supported: * stays between two slashes; write one pattern for each depth',
    );
  }
  return glob(text);
}
