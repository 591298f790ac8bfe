import { Buffer, isUtf8 } from 'node:buffer';
import { printableName } from '../text/printable.ts';
import { parseInstant } from '../time/instant.ts';
import { nameProblem } from './person-name.ts';
import { SshSignatureError } from './sshsig/error.ts';
import { parseSshPublicKey } from './sshsig/public-key.ts';
import { APPROVAL_NAMESPACE } from './statement.ts';
import type { Approver, ApproverKey } from './terms.ts';

export interface AllowedSigners {
  /** In the order of the file; their names are its principals. */
  readonly people: readonly Approver[];
  readonly problems: readonly string[];
}

/**
 * Reads a file of allowed signers (ssh-keygen(1), "ALLOWED SIGNERS"), stricter than OpenSSH: one principal a line and no pattern, times
 * in UTC, no certificate authority. Lines for other namespaces are left alone.
 */
export function parseAllowedSigners(bytes: Uint8Array): AllowedSigners {
  if (!isUtf8(bytes)) return { people: [], problems: ['the text is not UTF-8'] };
  const people = new Map<string, ApproverKey[]>();
  const problems: string[] = [];
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const signer = readLine(line.trim());
    if (typeof signer === 'string') problems.push(`line ${index + 1}: ${signer}`);
    else if (signer !== undefined) people.set(signer.name, [...(people.get(signer.name) ?? []), signer.key]);
  }
  if (people.size === 0 && problems.length === 0) problems.push(`nobody may sign for ${APPROVAL_NAMESPACE}`);
  return { people: [...people].map(([name, keys]) => ({ name, ids: {}, keys })), problems };
}

const OPTION = '[A-Za-z-]+(?:="[^"]*")?';
/** The base64 of every key begins so: the length of its type takes four bytes. */
const LINE = new RegExp(
  String.raw`^(\S+)[ \t]+(?:(${OPTION}(?:,${OPTION})*)[ \t]+)?([!-~]+)[ \t]+(AAAA[\w+/]*={0,2})(?:[ \t].*)?$`,
  'u',
);

interface Signer {
  readonly name: string;
  readonly key: ApproverKey;
}

/** A signer; undefined: a line for nobody here; a string: what is wrong. */
function readLine(line: string): Signer | string | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const [, name = '', options = '', type = '', base64 = ''] = LINE.exec(line) ?? [];
  if (name === '') return 'expected a principal, options, a key type and a key';
  const principal = principalProblem(name);
  if (principal !== undefined) return principal;
  const read = readOptions(options);
  if (typeof read === 'string' || read === undefined) return read;
  try {
    return { name, key: { publicKey: parseSshPublicKey(`${type} ${base64}`), ...read } };
  } catch (error) {
    if (error instanceof SshSignatureError) return error.message;
    throw error;
  }
}

function principalProblem(name: string): string | undefined {
  if (/[*?!]/u.test(name)) return `the principal ${printableName(name)} is a pattern; name each person`;
  if (/[,"]/u.test(name)) return `${printableName(name)} is more than one principal; a key stands under one name`;
  return nameProblem(name);
}

type Period = Pick<ApproverKey, 'validAfter' | 'validBefore'>;

/** The period of the key; undefined: the line is for other namespaces; a string: what is wrong. */
function readOptions(text: string): Period | string | undefined {
  const options = new Map<string, string>();
  for (const [option] of text.matchAll(new RegExp(OPTION, 'gu'))) {
    const [name, value] = split(option);
    if (options.has(name)) return `the option ${name} is given twice`;
    options.set(name, value);
  }
  const unknown = [...options.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown === 'cert-authority') return 'a certificate authority is not accepted; name each person’s own key';
  if (unknown !== undefined) return `the option ${printableName(unknown)} is not known`;
  const namespaces = options.get('namespaces')?.split(',') ?? [APPROVAL_NAMESPACE];
  if (namespaces.some((namespace) => /[*?!]/u.test(namespace))) {
    return `the namespaces are a pattern; name ${APPROVAL_NAMESPACE}`;
  }
  if (!namespaces.includes(APPROVAL_NAMESPACE)) return undefined;
  return readPeriod(options);
}

const OPTIONS: readonly string[] = ['namespaces', 'valid-after', 'valid-before'];

function split(option: string): readonly [string, string] {
  const at = option.indexOf('=');
  return at < 0 ? [option.toLowerCase(), ''] : [option.slice(0, at).toLowerCase(), option.slice(at + 2, -1)];
}

function readPeriod(options: ReadonlyMap<string, string>): Period | string {
  const period: { validAfter?: number; validBefore?: number } = {};
  for (const [name, member] of PERIOD_MEMBERS) {
    const text = options.get(name);
    if (text === undefined) continue;
    const time = parseTime(text);
    if (time === undefined)
      return `${name} must be a time in UTC like 20270101Z or 202701011200Z; without Z it is local time`;
    period[member] = time;
  }
  return period;
}

const PERIOD_MEMBERS = [
  ['valid-after', 'validAfter'],
  ['valid-before', 'validBefore'],
] as const;

const TIME = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?Z$/u;

function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match;
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
