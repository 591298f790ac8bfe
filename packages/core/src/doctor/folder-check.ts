import { accessSync, constants, lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../domain/diagnosis.ts';
import { errorCode } from '../io/system/system-error.ts';
import { type Examination, missing, ok } from './check.ts';
import type { DoctorOptions } from './options.ts';

/** Looks only: the folder is made by the gate. */
export function folderCheck({ settings, workspace }: Pick<DoctorOptions, 'settings' | 'workspace'>): Examination {
  let folder = resolve(workspace, settings.evidenceDir);
  if (folder === resolve(workspace)) return refusal('it is the whole workspace');
  for (;;) {
    try {
      const stats = lstatSync(folder);
      if (stats.isSymbolicLink() && folder !== resolve(workspace)) return refusal(`${folder} is a link`);
      if (!stats.isDirectory() && !stats.isSymbolicLink()) return refusal(`${folder} is not a folder`);
      accessSync(folder, constants.W_OK);
      return ok('evidence folder', settings.evidenceDir);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || dirname(folder) === folder) return refusal(`${folder} is not writable`);
      folder = dirname(folder);
    }
  }
}

function refusal(reason: string): Examination {
  return missing('evidence folder', new ConfigurationError('CAVRA-E208', reason));
}
