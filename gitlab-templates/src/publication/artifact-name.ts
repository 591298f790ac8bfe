import type { Configuration } from '../configuration/configuration.ts';
import type { Environment } from '../configuration/environment.ts';

/** The artifact's name with GitLab's own variables in it, as the runner expands it. */
export function artifactName(configuration: Configuration, environment: Environment): string {
  return configuration
    .text('artifact_name')
    .replace(/\$(?:\{([A-Z0-9_]+)\}|([A-Z0-9_]+))/g, (_, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      // No other variable: it could be a secret.
      return name.startsWith('CI_') && !/TOKEN|PASSWORD|KEY|URL/.test(name) ? (environment[name] ?? '') : '';
    });
}
