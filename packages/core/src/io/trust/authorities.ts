import { createHash, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../domain/diagnosis.ts';
import type { Environment } from '../../domain/identity/sources.ts';
import { MAX_AUTHORITIES_BYTES } from '../../domain/limits.ts';
import { fileReference } from '../../domain/pull-request/pin.ts';
import { FileProblem } from '../files/read-regular-file.ts';
import { type Places, placeOf } from './job-reach.ts';
import { readTrustBytes } from './trust-file.ts';

/**
 * The certificate authorities that a run trusts besides Node's own (docs/threat-model.md#the-network). Whoever chooses them can answer
 * for the token service and the issuer alike, so they come from where an earlier step of the job cannot have put them.
 */
export interface Authorities {
  /** PEM texts. */
  readonly pem: readonly string[];
  /** SHA-256 of all that was added, lower-case hex; undefined: nothing was. */
  readonly sha256: string | undefined;
  /** One sentence each, for the reader of the result. */
  readonly notes: readonly string[];
}

export interface AuthoritiesOptions {
  /** The setting `ca-certificates`: PEM, a file, `FILE@sha256:HEX`, or on GitLab the word CI_SERVER_TLS_CA_FILE. */
  readonly setting: string | undefined;
  readonly environment: Environment;
  readonly places: Places;
  /** Whether this is a GitLab job. */
  readonly onGitLab: boolean;
  /** Whether an adapter runs the gate: steps before it can set variables and write files. */
  readonly isAdapter: boolean;
  /** Whether the job's event lets it choose freely whom it trusts. */
  readonly isFree: boolean;
  /** What the platform's own agent is configured with. */
  readonly agent?: NamedPem | undefined;
}

/** Certificates, and how people call where they are from. */
export interface NamedPem {
  readonly name: string;
  readonly pem: string;
}

export const GITLAB_WORD = 'CI_SERVER_TLS_CA_FILE';
const EXTRA = 'NODE_EXTRA_CA_CERTS';

/**
 * Reads the authorities of a run.
 *
 * @throws ConfigurationError CAVRA-E241 they cannot be used, or are from where they may not be; CAVRA-E212 they are not pinned in an
 *   event that needs that; CAVRA-E218 they are not the pinned ones; CAVRA-E201 the pin is none
 */
export async function readAuthorities(options: AuthoritiesOptions): Promise<Authorities> {
  const { setting, agent } = options;
  const extra = await fromEnvironment(options);
  const added = [
    ...(agent === undefined ? [] : [agent]),
    ...(setting === undefined ? [] : [await fromSetting(setting, options)]),
    ...extra.added,
  ];
  for (const { name, pem } of added) requireCertificates(name, pem);
  const pem = added.map((each) => each.pem);
  return {
    pem,
    sha256: pem.length === 0 ? undefined : sha256Of(pem.join('')),
    notes: [...added.map(noteOf), ...extra.notes],
  };
}

function noteOf({ name, pem }: NamedPem): string {
  return `certificate authorities besides Node’s own are trusted: ${name}, sha256 ${sha256Of(pem)}`;
}

async function fromSetting(setting: string, options: AuthoritiesOptions): Promise<NamedPem> {
  if (setting.includes('-----BEGIN')) return inline(setting, options);
  if (setting === GITLAB_WORD) return gitlabFile(options);
  const { path, sha256 } = fileReference(setting);
  const absolute = resolve(options.places.workspace, path);
  if (sha256 !== undefined) return read(`${absolute}@sha256:${sha256}`, `ca-certificates ${path}, pinned`);
  const place = placeOf(absolute, options.places);
  if (place.beyondReach) return read(place.path, `ca-certificates ${path}`);
  if (!options.isFree) throw notHere(`ca-certificates (unless written FILE@sha256:HEX; ${path} ${place.reason})`);
  if (options.isAdapter) {
    throw unusable(
      `ca-certificates: ${path} ${place.reason}, so that an earlier step could have put it there; pin it as FILE@sha256:HEX`,
    );
  }
  return read(place.path, `ca-certificates ${path}`);
}

function inline(pem: string, { isFree }: AuthoritiesOptions): NamedPem {
  if (!isFree) throw notHere('ca-certificates (unless written FILE@sha256:HEX)');
  return { name: 'ca-certificates', pem };
}

/** GitLab's runner puts its file beside the project's folder; a variable of that name may have been set to anything. */
async function gitlabFile({ environment, places, onGitLab, isFree }: AuthoritiesOptions): Promise<NamedPem> {
  if (!onGitLab) throw unusable(`ca-certificates: the word ${GITLAB_WORD} is for GitLab jobs`);
  if (!isFree) throw notHere(`ca-certificates ${GITLAB_WORD} (name FILE@sha256:HEX instead)`);
  const own = `${places.workspace}.tmp/${GITLAB_WORD}`;
  const named = environment[GITLAB_WORD];
  if (named !== undefined && named !== '' && resolve(named) !== own) {
    throw unusable(
      `ca-certificates: the variable ${GITLAB_WORD} does not name the runner’s own file ${own}: a variable of the pipeline overrides it`,
    );
  }
  return read(own, `${GITLAB_WORD} of the runner`);
}

interface FromEnvironment {
  readonly added: readonly NamedPem[];
  readonly notes: readonly string[];
}

/** A variable that Node reads too. In an adapter, and where trust may not be chosen, it adds nothing. */
async function fromEnvironment(options: AuthoritiesOptions): Promise<FromEnvironment> {
  const path = options.environment[EXTRA];
  if (path === undefined || path === '') return { added: [], notes: [] };
  if (options.isAdapter || !options.isFree) {
    return {
      added: [],
      notes: [`${EXTRA} is ignored: an earlier step could have set it; name the authorities by ca-certificates`],
    };
  }
  try {
    const { path: real } = placeOf(resolve(options.places.workspace, path), options.places);
    return { added: [await read(real, `${EXTRA}=${path}, as the environment says`)], notes: [] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    // As Node does.
    return { added: [], notes: [`${EXTRA} is ignored: ${error.message}`] };
  }
}

async function read(reference: string, name: string): Promise<NamedPem> {
  try {
    const { bytes } = await readTrustBytes(reference, MAX_AUTHORITIES_BYTES, name);
    return { name, pem: Buffer.from(bytes).toString('latin1') };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    throw unusable(`${name}: the file ${error.message}`);
  }
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]*-----END \1-----/gu;

function requireCertificates(name: string, pem: string): void {
  const blocks = [...pem.matchAll(BLOCK)];
  const other = blocks.find(([, label]) => label !== 'CERTIFICATE');
  if (other !== undefined) throw unusable(`${name}: a block is ${other[1]}, expected CERTIFICATE alone`);
  if (blocks.length === 0 || blocks.length !== pem.split('-----BEGIN').length - 1) {
    throw unusable(`${name}: expected certificates in PEM (BEGIN CERTIFICATE)`);
  }
  for (const [block] of blocks) requireCertificate(name, block);
}

function requireCertificate(name: string, block: string): void {
  try {
    new X509Certificate(block);
  } catch {
    throw unusable(`${name}: a block is no certificate`);
  }
}

function sha256Of(pem: string): string {
  return createHash('sha256').update(Buffer.from(pem, 'latin1')).digest('hex');
}

function unusable(message: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E241', message);
}

function notHere(what: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E212', `this job’s event may not set ${what}`);
}
