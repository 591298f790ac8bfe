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
import { describePattern, exactly, glob, type ValuePattern } from './pattern.ts';
import { type DocumentPath, quoted } from './problems.ts';

export const ID_FORM = /^(?:0|[1-9][0-9]{0,19})$/;
export const GUID_FORM = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

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
  return text === undefined ? undefined : exactly(text);
}

function readExactPath(value: unknown, path: DocumentPath, collector: ProblemCollector): ValuePattern | undefined {
  const text = readText(value, path, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  if (text?.includes('*')) {
    return collector.report(path, `is compared exactly; for a pattern write {glob: ${quoted(text)}}`);
  }
  return text === undefined ? undefined : exactly(text);
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
  if (text.includes('**')) {
    return collector.report(
      globPath,
      '** is not supported: * stays between two slashes; write one pattern for each depth',
    );
  }
  return glob(text);
}
