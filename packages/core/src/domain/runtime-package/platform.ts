import { ConfigurationError } from '../diagnosis.ts';

/** A platform as packages name it. */
export interface RuntimePlatform {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
}

const SYSTEMS: Readonly<Record<string, RuntimePlatform['os']>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURES: Readonly<Record<string, RuntimePlatform['arch']>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The platform of a machine, from Node's names of it.
 *
 * @throws ConfigurationError CAVRA-E233 no package has a program for it
 */
export function runtimePlatform(nodePlatform: string, nodeArch: string): RuntimePlatform {
  const os = Object.hasOwn(SYSTEMS, nodePlatform) ? SYSTEMS[nodePlatform] : undefined;
  const arch = Object.hasOwn(ARCHITECTURES, nodeArch) ? ARCHITECTURES[nodeArch] : undefined;
  if (os === undefined || arch === undefined) {
    throw new ConfigurationError('CAVRA-E233', `packages have no program for ${nodePlatform} on ${nodeArch}`);
  }
  return { os, arch };
}

/** A program of a package. */
export interface RuntimeProgram extends RuntimePlatform {
  /** Relative path in the package, with forward slashes. */
  readonly path: string;
  readonly version: string;
}

const PROGRAM = /^bin\/cavra-runtime_([A-Za-z0-9][A-Za-z0-9.+-]{0,63})_(linux|darwin|windows)_(amd64|arm64)(\.exe)?$/u;

/** Reads what the name of a program says (wire-format.md section 9); undefined when it names none. */
export function runtimeProgram(path: string): RuntimeProgram | undefined {
  const [, version, os, arch, extension] = PROGRAM.exec(path) ?? [];
  if (version === undefined || (os === 'windows') !== (extension !== undefined)) {
    return undefined;
  }
  return { path, version, os: os as RuntimePlatform['os'], arch: arch as RuntimePlatform['arch'] };
}
