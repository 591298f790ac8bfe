import {
  APPROVAL_SOURCES,
  type ApprovalTerms,
  type ApproverLists,
  BINDINGS,
  type Binding,
  EXCLUSIONS,
  type Exclusion,
  type SshTerms,
} from '../../approvals/terms.ts';
import { parseDuration } from '../../approvals/times.ts';
import {
  DEFAULT_APPROVAL_AGE_MS,
  MAX_APPROVAL_AGE_MS,
  MAX_APPROVER_LISTS,
  MAX_REQUIRED_APPROVALS,
  MAX_TRUST_POLICY_VALUE_LENGTH,
  MAX_TRUST_POLICY_VALUES,
} from '../../limits.ts';
import {
  describeValue,
  memberReader,
  type ProblemCollector,
  readChoice,
  readList,
  readObject,
  readText,
  rejectDuplicates,
} from '../document.ts';
import { type DocumentPath, quoted } from '../problems.ts';
import type { TrustRule } from '../trust-policy.ts';

const MEMBERS = {
  required: ['required', 'approvers', 'sources'],
  optional: ['exclude', 'bind', 'max_age', 'ssh', 'emergency'],
};

const DEFAULT_EXCLUDE: readonly Exclusion[] = ['starter'];
const NO_TERMS_OF_SSH: SshTerms = { userPresence: true, userVerification: false, webauthnOrigins: [] };

/** Reads a rule's member `approvals`; undefined when something in it was reported as wrong. */
export function readApprovals(
  value: unknown,
  rule: Pick<TrustRule, 'provider' | 'methods'>,
  lists: ApproverLists,
  path: DocumentPath,
  collector: ProblemCollector,
): ApprovalTerms | undefined {
  const members = readObject(value, path, MEMBERS, collector);
  if (members === undefined) return undefined;
  const member = memberReader(members, path);
  const required = member('required', (count, at) => readRequired(count, at, collector));
  const approvers = member('approvers', (names, at) => readListNames(names, lists, at, collector));
  const sources = member('sources', (words, at) => readWords(words, APPROVAL_SOURCES, 1, at, collector));
  const exclude = member('exclude', (words, at) => readWords(words, EXCLUSIONS, 0, at, collector)) ?? DEFAULT_EXCLUDE;
  const bind = member('bind', (words, at) => readBind(words, at, collector));
  const maxAgeMs = member('max_age', (text, at) => readAge(text, at, collector)) ?? DEFAULT_APPROVAL_AGE_MS;
  const ssh = member('ssh', (terms, at) => readSshTerms(terms, at, collector)) ?? NO_TERMS_OF_SSH;
  const emergency = member('emergency', (names, at) => readListNames(names, lists, at, collector)) ?? [];
  if (required === undefined || approvers === undefined || sources === undefined) return undefined;
  const terms: ApprovalTerms = { required, approvers, sources, exclude, bind, maxAgeMs, ssh, emergency };
  checkExclusion(terms, rule, [...path, 'exclude'], collector);
  return terms;
}

function readRequired(value: unknown, path: DocumentPath, collector: ProblemCollector): number | undefined {
  const count = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
  if (Number.isInteger(count) && count >= 1 && count <= MAX_REQUIRED_APPROVALS) return count;
  return collector.report(path, `expected how many people, a whole number from 1 to ${MAX_REQUIRED_APPROVALS}`);
}

function readListNames(
  value: unknown,
  lists: ApproverLists,
  path: DocumentPath,
  collector: ProblemCollector,
): readonly string[] | undefined {
  const items = readList(value, path, MAX_APPROVER_LISTS, collector);
  return items && allRead(items, path, collector, (item, at) => readChoice(item, at, [...lists.keys()], collector));
}

function readWords<Word extends string>(
  value: unknown,
  words: readonly Word[],
  minimum: 0 | 1,
  path: DocumentPath,
  collector: ProblemCollector,
): readonly Word[] | undefined {
  if (minimum === 0 && Array.isArray(value) && value.length === 0) return [];
  const items = readList(value, path, words.length, collector);
  return items && allRead(items, path, collector, (item, at) => readChoice(item, at, words, collector));
}

/** Each item once; undefined when one was reported as wrong. */
function allRead<Item extends string>(
  items: readonly unknown[],
  path: DocumentPath,
  collector: ProblemCollector,
  read: (item: unknown, path: DocumentPath) => Item | undefined,
): readonly Item[] | undefined {
  const found = items.map((item, index) => ({ text: read(item, [...path, index]), path: [...path, index] }));
  const known = found.flatMap(({ text, path: at }) => (text === undefined ? [] : [{ text, path: at }]));
  rejectDuplicates(known, collector);
  return known.length === items.length ? known.map(({ text }) => text) : undefined;
}

/** An approval is always of one request: what else it must name is the rule's to say. */
function readBind(value: unknown, path: DocumentPath, collector: ProblemCollector): readonly Binding[] | undefined {
  const bind = readWords(value, BINDINGS, 1, path, collector);
  if (bind === undefined || bind.includes('request')) return bind;
  return collector.report(path, 'must hold request: an approval is of the bytes of one request');
}

function readAge(value: unknown, path: DocumentPath, collector: ProblemCollector): number | undefined {
  const age = typeof value === 'string' ? parseDuration(value) : undefined;
  if (age !== undefined && age <= MAX_APPROVAL_AGE_MS) return age;
  return collector.report(path, 'expected a length of time up to 90 days, like 90m, 72h or 3d');
}

function readSshTerms(value: unknown, path: DocumentPath, collector: ProblemCollector): SshTerms | undefined {
  const names = { required: [], optional: ['user_presence', 'user_verification', 'webauthn_origins'] };
  const members = readObject(value, path, names, collector);
  if (members === undefined) return undefined;
  const member = memberReader(members, path);
  const flag = (name: string) => member(name, (given, at) => readBoolean(given, at, collector));
  return {
    userPresence: flag('user_presence') ?? NO_TERMS_OF_SSH.userPresence,
    userVerification: flag('user_verification') ?? NO_TERMS_OF_SSH.userVerification,
    webauthnOrigins: member('webauthn_origins', (list, at) => readOrigins(list, at, collector)) ?? [],
  };
}

function readBoolean(value: unknown, path: DocumentPath, collector: ProblemCollector): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return collector.report(path, `expected true or false without quotes, got ${describeValue(value)}`);
}

/** As a browser writes it into what it signs: no path, no standard port, lower case. */
export const ORIGIN_FORM = /^https:\/\/[a-z0-9.-]+(?::(?!443$)[1-9][0-9]{0,4})?$/u;

function readOrigins(value: unknown, path: DocumentPath, collector: ProblemCollector): readonly string[] | undefined {
  if (Array.isArray(value) && value.length === 0) return [];
  const items = readList(value, path, MAX_TRUST_POLICY_VALUES, collector);
  return (
    items &&
    allRead(items, path, collector, (item, at) => {
      const origin = readText(item, at, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
      if (origin === undefined || ORIGIN_FORM.test(origin)) return origin;
      return collector.report(at, `expected an origin like https://approve.example.com, got ${quoted(origin)}`);
    })
  );
}

/** Whose approval does not count must be known: where the platform proves it to nobody, the rule has to say so. */
function checkExclusion(
  { exclude, sources }: ApprovalTerms,
  { provider, methods }: Pick<TrustRule, 'provider' | 'methods'>,
  path: DocumentPath,
  collector: ProblemCollector,
): void {
  if (exclude.length > 0 && (methods.includes('hmac') || provider === 'local')) {
    collector.report(path, 'an HMAC proves nobody who started the run; write exclude: [] and say who guards that');
  }
  if (!exclude.includes('commit-authors')) return;
  if (provider === 'azure-pipelines') {
    collector.report(path, 'Azure names no authors of a commit; leave commit-authors out');
  }
  if (provider === 'gitlab-ci' && !sources.includes('gitlab-deployment')) {
    collector.report(
      path,
      'GitLab names the authors of a deployment only; add gitlab-deployment to sources or leave commit-authors out',
    );
  }
}
