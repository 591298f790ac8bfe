import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HMAC_ENVIRONMENT } from '../../support/cli.ts';
import { root } from '../../support/repository.ts';

const { CAVRA_DAEMON_EVIDENCE_HMAC_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID } = HMAC_ENVIRONMENT;
export const EVIDENCE_KEY = { CAVRA_DAEMON_EVIDENCE_HMAC_KEY, CAVRA_DAEMON_EVIDENCE_KEY_ID };

/** A new folder of a job. */
export function newFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'cavra-contract-'));
}

/** Puts the examples where the cases look for them. */
export function addExamples(workspace: string): void {
  mkdirSync(workspace, { recursive: true });
  cpSync(join(root, 'examples'), join(workspace, 'examples'), { recursive: true });
}

/** The evidence folder as it is published where a platform takes it whole. */
export function readFolder(path: string): ReadonlyMap<string, string> {
  if (!existsSync(path)) return new Map();
  return new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]));
}
