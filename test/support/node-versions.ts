import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

export interface NodeBinary {
  /** `node` and the major version, such as `node24`. */
  readonly name: string;
  /** The full version, such as `24.21.0`. */
  readonly version: string;
  readonly path: string;
}

/** The platforms for which test/package.json brings Nodes. */
const PLATFORMS = ['linux-x64', 'linux-arm64'];

/**
 * The Nodes to run a bundle with: the one that runs the tests and Node 24, once each.
 *
 * @throws Error where Node 24 should have been installed and was not, so that its tests cannot silently vanish
 */
export function nodeBinaries(): readonly NodeBinary[] {
  const running = { name: nameOf(process.versions.node), version: process.versions.node, path: process.execPath };
  return running.name === 'node24' ? [running] : [running, ...installed('node24')];
}

/** Nodes that are too old for what is committed. None where test/package.json brings none. */
export function oldNodeBinaries(): readonly NodeBinary[] {
  return installed('node14');
}

function installed(name: string): readonly NodeBinary[] {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) return [];
  const path = createRequire(import.meta.url).resolve(`${name}-${platform}/bin/node`);
  const version = execFileSync(path, ['--version'], { encoding: 'utf8', env: {} }).trim().replace(/^v/, '');
  return [{ name: nameOf(version), version, path }];
}

function nameOf(version: string): string {
  return `node${version.split('.')[0]}`;
}
