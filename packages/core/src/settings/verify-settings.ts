import { ConfigurationError } from '../domain/diagnosis.ts';
import type { EvidenceExpectations } from '../domain/verification/expectations.ts';
import type { RunnerIdentity } from '../domain/wire/messages.ts';
import type { SettingLookup } from './definition.ts';
import { listEntries, readSettings } from './read-settings.ts';
import {
  type RunField,
  VERIFY_SETTINGS,
  type VerifySettingDefinition,
  type VerifySettingName,
} from './verify-table.ts';

/** What is pinned of the token that proves an adapter's own run; what is not set is the platform's default. */
export interface OwnRunTrust {
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly jwks: string | undefined;
  readonly maxTokenAgeSeconds: number | undefined;
  /** PEM, a file, or a word: see `readAuthorities`. */
  readonly caCertificates: string | undefined;
}

/** The settings of `verify`, typed; paths are as given. */
export interface VerifySettings {
  /** Empty on the command line, where it is an argument. */
  readonly path: string;
  readonly keyring: string | undefined;
  readonly publicKeys: readonly string[];
  readonly subjects: readonly string[];
  readonly against: readonly string[];
  readonly integrityOnly: boolean;
  /** What was chosen, and what an adapter expects by itself; an expectation that is off is not there. */
  readonly expectations: EvidenceExpectations;
  /** What is trusted in the token by which an adapter proves its own run. */
  readonly trust: OwnRunTrust;
  /** What an adapter is to expect of its own run, by the labels of the settings that were not given. */
  readonly ofThisRun: ReadonlyMap<RunField, string>;
}

/**
 * Reads and checks the settings of an adapter, where absent or empty means the default: this run, with the decision `allow`.
 *
 * @param lookup gives the label of a setting also where nothing was given
 * @throws ConfigurationError CAVRA-E201 naming every mistake
 */
export function readVerifyInputs(lookup: SettingLookup): VerifySettings {
  const table = VERIFY_SETTINGS.map((row) =>
    row.adapterRange === undefined ? row : { ...row, range: row.adapterRange },
  );
  const { values, problems } = readSettings(table, lookup);
  const path = values.get('path') ?? '';
  const missing = path === '' ? [`${labelOf('path', lookup)} must name the folder of the evidence, or its stream`] : [];
  if (problems.length + missing.length > 0) {
    throw new ConfigurationError('CAVRA-E201', [...missing, ...problems].join('; '));
  }
  if (values.has('jwks') && values.has('jwks-url')) {
    throw new ConfigurationError('CAVRA-E201', 'jwks and jwks-url exclude each other');
  }
  const absent = VERIFY_SETTINGS.filter(({ name }) => !values.has(name));
  const ofThisRun = absent.flatMap(({ name, thisRun }) =>
    thisRun === undefined ? [] : [[thisRun, labelOf(name, lookup)] as const],
  );
  for (const { name, adapterDefault } of absent) {
    if (adapterDefault !== undefined) values.set(name, adapterDefault);
  }
  return { ...typed(values), ofThisRun: new Map(ofThisRun) };
}

/**
 * Reads and checks the options of the command line, where nothing is expected that was not asked for, and an empty value is a mistake.
 *
 * @param command for messages
 * @throws ConfigurationError CAVRA-E217 naming every mistake
 */
export function readVerifyOptions(
  command: string,
  lookup: SettingLookup,
): Omit<VerifySettings, 'path' | 'ofThisRun' | 'trust'> {
  const table = VERIFY_SETTINGS.filter(({ adaptersOnly }) => adaptersOnly === undefined);
  const { values, problems } = readSettings(table, lookup, 'mistake');
  if (problems.length > 0) throw new ConfigurationError('CAVRA-E217', `${command}: ${problems.join('; ')}`);
  return typed(values);
}

/**
 * What is expected of the evidence, with what this run says where nothing was given.
 *
 * @throws ConfigurationError CAVRA-E201 this run does not say something either: the expectation would silently be none
 */
export function expectationsOf({ expectations, ofThisRun }: VerifySettings, run: RunnerIdentity): EvidenceExpectations {
  const unknown = [...ofThisRun].filter(([field]) => !run[field]);
  if (unknown.length > 0) {
    const clauses = unknown.map(([field, label]) => `${label} is empty, and this job does not know its ${field}`);
    throw new ConfigurationError('CAVRA-E201', clauses.join('; '));
  }
  const own = Object.fromEntries([...ofThisRun.keys()].map((field) => [field, run[field]]));
  return { ...own, ...expectations };
}

type Values = ReadonlyMap<VerifySettingName, string>;

function typed(values: Values): Omit<VerifySettings, 'ofThisRun'> {
  const age = values.get('max-token-age');
  return {
    path: values.get('path') ?? '',
    keyring: values.get('keyring'),
    publicKeys: listEntries(values.get('public-key')),
    subjects: listEntries(values.get('subject-path')),
    against: listEntries(values.get('against')),
    integrityOnly: /^true$/i.test(values.get('integrity-only') ?? ''),
    expectations: givenExpectations(values),
    trust: {
      issuer: values.get('issuer'),
      audience: values.get('audience'),
      jwksUrl: values.get('jwks-url'),
      jwks: values.get('jwks'),
      maxTokenAgeSeconds: age === undefined ? undefined : Number(age),
      caCertificates: values.get('ca-certificates'),
    },
  };
}

function givenExpectations(values: Values): EvidenceExpectations {
  const rows = VERIFY_SETTINGS.flatMap((row) => {
    const text = values.get(row.name);
    return row.expects === undefined || text === undefined || text === row.word
      ? []
      : [[row.expects, expectedValue(row, text)]];
  });
  // The texts were checked by the same rows, so each is of its member's type.
  return Object.fromEntries(rows) as EvidenceExpectations;
}

function expectedValue({ kind }: VerifySettingDefinition, text: string): string | number {
  return kind === 'count' || kind === 'seconds' ? Number(text) : text;
}

function labelOf(name: VerifySettingName, lookup: SettingLookup): string {
  const definition = VERIFY_SETTINGS.find((row) => row.name === name);
  return (definition && lookup(definition)?.label) ?? name;
}
