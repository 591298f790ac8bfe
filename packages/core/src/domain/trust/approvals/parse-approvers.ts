import { parseAllowedSigners } from '../../approvals/allowed-signers.ts';
import { nameProblem } from '../../approvals/person-name.ts';
import { SshSignatureError } from '../../approvals/sshsig/error.ts';
import { parseSshPublicKey, type SshPublicKey } from '../../approvals/sshsig/public-key.ts';
import {
  type Approver,
  type ApproverKey,
  type ApproverLists,
  PEOPLE_PLATFORMS,
  type PeoplePlatform,
} from '../../approvals/terms.ts';
import {
  MAX_APPROVER_LISTS,
  MAX_APPROVERS_PER_LIST,
  MAX_KEYS_PER_APPROVER,
  MAX_TRUST_POLICY_VALUE_LENGTH,
} from '../../limits.ts';
import { parseInstant } from '../../time/instant.ts';
import {
  describeValue,
  isObject,
  memberReader,
  type ProblemCollector,
  readList,
  readObject,
  readText,
  rejectDuplicates,
} from '../document.ts';
import { ID_FORM } from '../parse-condition.ts';
import { GUID_FORM } from '../pattern.ts';
import { type DocumentPath, quoted } from '../problems.ts';

export const LIST_NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;
/** A file and its SHA-256: a pinned policy would say nothing of who may approve if the file were not. */
export const PINNED_FILE_FORM = /^(.+)@sha256:([0-9a-f]{64})$/u;
/** Characters of the longest public key line, an RSA key of 16,384 bits with its comment. */
export const MAX_KEY_LINE_LENGTH = 4_096;

/** The bytes of each file of allowed signers that a policy names, by the text that names it. */
export type AllowedSignersFiles = ReadonlyMap<string, Uint8Array>;

/** The files of allowed signers that a document names, as `FILE@sha256:HEX`; what is wrong with it is left to the parser. */
export function allowedSignersReferences(document: unknown): readonly string[] {
  const lists = isObject(document) && isObject(document['approvers']) ? Object.values(document['approvers']) : [];
  return lists.flatMap((list) => {
    const reference = isObject(list) ? list['allowed_signers'] : undefined;
    return typeof reference === 'string' && PINNED_FILE_FORM.test(reference) ? [reference] : [];
  });
}

/** A list that a person stands in, where the document has it. */
interface Place {
  readonly person: Approver;
  readonly path: DocumentPath;
}

/** Reads the policy's member `approvers`. */
export function readApprovers(
  value: unknown,
  path: DocumentPath,
  files: AllowedSignersFiles,
  collector: ProblemCollector,
): ApproverLists {
  const places = new Map<string, readonly Place[]>();
  if (!isObject(value)) collector.report(path, `expected a mapping of lists, got ${describeValue(value)}`);
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length > MAX_APPROVER_LISTS) collector.report(path, `expected at most ${MAX_APPROVER_LISTS} lists`);
  for (const [name, list] of entries) {
    const at = [...path, name];
    if (!LIST_NAME_FORM.test(name)) collector.report(at, 'is no name of a list: letters, digits, points, dashes');
    places.set(name, Array.isArray(list) ? readPeople(list, at, collector) : readFileList(list, at, files, collector));
  }
  rejectAmbiguity([...places.values()].flat(), collector);
  return new Map([...places].map(([name, list]) => [name, list.map(({ person }) => person)]));
}

function readPeople(list: unknown, path: DocumentPath, collector: ProblemCollector): readonly Place[] {
  const items = readList(list, path, MAX_APPROVERS_PER_LIST, collector) ?? [];
  const places = items.flatMap((item, index) => {
    const at = [...path, index];
    const person = readPerson(item, at, collector);
    return person === undefined ? [] : [{ person, path: at }];
  });
  rejectDuplicates(
    places.map(({ person, path: at }) => ({ text: person.name, path: [...at, 'name'] })),
    collector,
  );
  return places;
}

function readFileList(
  value: unknown,
  path: DocumentPath,
  files: AllowedSignersFiles,
  collector: ProblemCollector,
): readonly Place[] {
  const members = readObject(value, path, { required: ['allowed_signers'], optional: [] }, collector);
  const at = [...path, 'allowed_signers'];
  const reference =
    members &&
    memberReader(members, path)('allowed_signers', (text, place) =>
      readText(text, place, MAX_KEY_LINE_LENGTH, collector),
    );
  if (reference === undefined) return [];
  if (!PINNED_FILE_FORM.test(reference)) {
    collector.report(at, `must be pinned, as in FILE@sha256:<64 hex digits>, got ${quoted(reference)}`);
    return [];
  }
  const bytes = files.get(reference);
  if (bytes === undefined) {
    collector.report(at, 'names a file, which cannot be read here');
    return [];
  }
  const { people, problems } = parseAllowedSigners(bytes);
  for (const problem of problems) collector.report(at, problem);
  return people.map((person) => ({ person, path: at }));
}

const PERSON_MEMBERS = { required: ['name'], optional: [...PEOPLE_PLATFORMS, 'ssh', 'valid_before', 'revoked_since'] };

function readPerson(value: unknown, path: DocumentPath, collector: ProblemCollector): Approver | undefined {
  const members = readObject(value, path, PERSON_MEMBERS, collector);
  if (members === undefined) return undefined;
  const member = memberReader(members, path);
  const name = member('name', (text, at) => readName(text, at, collector));
  const ids = PEOPLE_PLATFORMS.flatMap((platform) => {
    const id = member(platform, (text, at) => readId(text, platform, at, collector));
    return id === undefined ? [] : [[platform, id] as const];
  });
  const keys = member('ssh', (list, at) => readKeys(list, at, collector)) ?? [];
  const validBefore = member('valid_before', (text, at) => readTime(text, at, collector));
  const revokedSince = member('revoked_since', (text, at) => readTime(text, at, collector));
  if (![...PEOPLE_PLATFORMS, 'ssh'].some((each) => Object.hasOwn(members, each))) {
    collector.report(path, `has neither an id (${PEOPLE_PLATFORMS.join(', ')}) nor a key (ssh)`);
  }
  if (name === undefined) return undefined;
  return {
    name,
    ids: Object.fromEntries(ids),
    keys,
    ...(validBefore === undefined ? {} : { validBefore }),
    ...(revokedSince === undefined ? {} : { revokedSince }),
  };
}

function readName(value: unknown, path: DocumentPath, collector: ProblemCollector): string | undefined {
  const name = readText(value, path, MAX_TRUST_POLICY_VALUE_LENGTH, collector);
  const problem = name === undefined ? undefined : nameProblem(name);
  return problem === undefined ? name : collector.report(path, problem);
}

function readId(
  value: unknown,
  platform: PeoplePlatform,
  path: DocumentPath,
  collector: ProblemCollector,
): string | undefined {
  const form = platform === 'azure' ? GUID_FORM : ID_FORM;
  if (typeof value === 'string' && form.test(value)) return value.toLowerCase();
  const expected = platform === 'azure' ? 'the GUID of a user' : 'the numeric id of a user, in quotes and no login';
  return collector.report(
    path,
    `expected ${expected}, got ${typeof value === 'string' ? quoted(value) : describeValue(value)}`,
  );
}

function readTime(value: unknown, path: DocumentPath, collector: ProblemCollector): number | undefined {
  const time = typeof value === 'string' ? parseInstant(value) : undefined;
  return time ?? collector.report(path, 'expected a time like 2027-01-01T00:00:00Z');
}

function readKeys(value: unknown, path: DocumentPath, collector: ProblemCollector): readonly ApproverKey[] {
  const items = readList(value, path, MAX_KEYS_PER_APPROVER, collector) ?? [];
  return items.flatMap((item, index) => {
    const at = [...path, index];
    const text = readText(item, at, MAX_KEY_LINE_LENGTH, collector);
    const publicKey = text === undefined ? undefined : readKey(text, at, collector);
    return publicKey === undefined ? [] : [{ publicKey }];
  });
}

function readKey(text: string, path: DocumentPath, collector: ProblemCollector): SshPublicKey | undefined {
  try {
    return parseSshPublicKey(text);
  } catch (error) {
    if (error instanceof SshSignatureError) return collector.report(path, error.message);
    throw error;
  }
}

/** One name is one person, and one key or id stands under one name: else one person could count as two. */
function rejectAmbiguity(places: readonly Place[], collector: ProblemCollector): void {
  const people = new Map<string, Approver>();
  const owners = new Map<string, string>();
  for (const { person, path } of places) {
    const known = people.get(person.name);
    if (known !== undefined && fingerprint(known) === fingerprint(person)) continue;
    if (known !== undefined)
      collector.report(path, `${quoted(person.name)} stands in two lists that say different things`);
    people.set(person.name, person);
    for (const [identity, what] of identitiesOf(person)) {
      const owner = owners.get(identity);
      if (owner !== undefined)
        collector.report(path, `${what} of ${quoted(person.name)} is also that of ${quoted(owner)}`);
      owners.set(identity, person.name);
    }
  }
}

function identitiesOf({ ids, keys }: Approver): readonly (readonly [string, string])[] {
  return [
    ...Object.entries(ids).map(([platform, id]) => [`${platform}:${id}`, `the ${platform} id ${id}`] as const),
    ...keys.map(({ publicKey: { blob } }) => [blob.toString('base64'), 'an ssh key'] as const),
  ];
}

function fingerprint({ ids, keys, validBefore, revokedSince }: Approver): string {
  const shown = keys.map(({ publicKey, validAfter, validBefore: until }) => [
    publicKey.blob.toString('base64'),
    validAfter,
    until,
  ]);
  return JSON.stringify([PEOPLE_PLATFORMS.map((platform) => ids[platform]), shown, validBefore, revokedSince]);
}
