import type { GateResult } from '@cavra/release-governance-core';
import type { Configuration } from '../configuration/configuration.ts';
import type { Environment } from '../configuration/environment.ts';

const PUBLIC_SERVER = 'https://gitlab.com';

/**
 * The annotations report: a link on the job's page to the evidence. The address of the job is a variable that a pipeline variable can
 * override, so it must be one of the pinned instance.
 *
 * @returns undefined when there is nothing to link to
 */
export function annotationsText(
  { verdict, decisions }: GateResult,
  evidenceDir: string,
  configuration: Configuration,
  environment: Environment,
): string | undefined {
  const job = environment['CI_JOB_URL'] ?? '';
  const server = configuration.text('issuer') || PUBLIC_SERVER;
  if (!URL.canParse(job) || !URL.canParse(server) || !job.startsWith(`${server.replace(/\/$/, '')}/`)) return undefined;
  const url = new URL(job);
  if (url.protocol !== 'https:' || url.search !== '' || url.hash !== '') return undefined;
  const count = decisions.length === 1 ? '1 decision' : `${decisions.length} decisions`;
  const label = `Evidence: ${verdict}, ${count}`;
  const link = { external_link: { label, url: `${url.href}/artifacts/browse/${evidenceDir}/` } };
  return `${JSON.stringify({ 'Release governance': [link] }, null, 2)}\n`;
}
