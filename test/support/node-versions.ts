import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

export interface NodeBinary {
  /** `node` and the major version, such as `node24`. */
  readonly name: string;
  /** The full version, such as `24.21.0`. */
  readonly version: string;
  readonly path: string;
}

/** The platforms for which test/package.json brings a Node 24. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node24-linux-x64',
  'linux-arm64': 'node24-linux-arm64',
};

/**
 * The Nodes to run a bundle with: the one that runs the tests and Node 24, once each.
 *
 * @throws Error where Node 24 should have been installed and was not, so that its tests cannot silently vanish
 */
export function nodeBinaries(): readonly NodeBinary[] {
  const running = { name: nameOf(process.versions.node), version: process.versions.node, path: process.execPath };
  const packageName = PACKAGES[`${process.platform}-${process.arch}`];
  if (packageName === undefined || running.name === 'node24') return [running];

  const path = createRequire(import.meta.url).resolve(`${packageName}/bin/node`);
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
  return [running, { name: nameOf(version), version, path }];
}

function nameOf(version: string): string {
  return `node${version.split('.')[0]}`;
}
