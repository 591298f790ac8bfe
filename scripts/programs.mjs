// @ts-check
// The programs that the tests run besides Node: the one list of them, for `test`, for CI and for the tests themselves.
//
//   node scripts/programs.mjs     installs those that are missing, where it may
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isEntry } from './entry.mjs';

/**
 * @typedef {object} Program
 * @property {readonly string[]} commands any of them will do
 * @property {string} package of Debian
 * @property {string} use what the tests do with it
 */

/** @satisfies {Readonly<Record<string, Program>>} */
export const PROGRAMS = /** @type {const} */ ({
  git: { commands: ['git'], package: 'git', use: 'to list the files of this repository' },
  openssl: { commands: ['openssl'], package: 'openssl', use: 'to make keys and check signatures as the pages say' },
  'ssh-keygen': { commands: ['ssh-keygen'], package: 'openssh-client', use: 'to sign as an approver does' },
  jq: { commands: ['jq'], package: 'jq', use: 'to run the commands that a report shows' },
  rsync: { commands: ['rsync'], package: 'rsync', use: 'with which gitlab-ci-local runs the jobs of GitLab pipelines' },
  'systemd-analyze': { commands: ['systemd-analyze'], package: 'systemd', use: 'to check the unit of the daemon' },
  browser: {
    commands: ['chromium', 'google-chrome', 'chromium-browser'],
    package: 'chromium',
    use: 'to look at the pages of a report',
  },
});

/** @typedef {keyof typeof PROGRAMS} ProgramName */

/** @typedef {Readonly<Record<string, string | undefined>>} Environment */

/**
 * @param {Environment} environment
 * @returns {ProgramName[]} those that are not on PATH
 */
export function missingPrograms(environment = process.env) {
  const names = /** @type {ProgramName[]} */ (Object.keys(PROGRAMS));
  return names.filter((name) => programPath(name, environment) === undefined);
}

/**
 * @param {ProgramName} name
 * @param {Environment} environment
 * @returns {string | undefined} the file that PATH leads to
 */
export function programPath(name, environment = process.env) {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter(Boolean);
  return PROGRAMS[name].commands
    .flatMap((command) => folders.map((folder) => join(folder, command)))
    .find(isExecutable);
}

/**
 * Installs what is missing as Debian packages: as root, and in CI by sudo. Elsewhere the machine is not ours to change.
 *
 * @param {Environment} environment
 */
export function installMissing(environment = process.env) {
  const missing = missingPrograms(environment);
  const apt = missing.length === 0 ? undefined : aptGet(environment);
  apt?.('update', '-qq');
  for (const name of missing) {
    if (apt === undefined) break;
    console.log(`installing ${PROGRAMS[name].package}: ${name} is missing, ${PROGRAMS[name].use}`);
    apt('install', '-qq', '-y', '--no-install-recommends', PROGRAMS[name].package);
  }
}

/**
 * Runs apt-get as root; undefined where there is none, or nobody may use it.
 *
 * @param {Environment} environment
 * @returns {((...args: string[]) => void) | undefined}
 */
function aptGet(environment) {
  const env = { ...environment, DEBIAN_FRONTEND: 'noninteractive' };
  /** @param {string[]} command */
  const works = ([file = '', ...args]) => spawnSync(file, args, { env, stdio: 'ignore' }).status === 0;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND'];
  if (!works(['apt-get', '--version'])) return undefined;
  if (asRoot.length > 0 && !(environment['CI'] && works([...asRoot, 'true']))) return undefined;
  return (...args) => {
    const [file = '', ...rest] = [...asRoot, 'apt-get', ...args];
    spawnSync(file, rest, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  };
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (isEntry(import.meta.url)) installMissing();
