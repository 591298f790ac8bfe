/** The web address of the server whose tokens an issuer signs: repositories, workflows and runs are named below it in certificates. */

const PUBLIC_ISSUER = 'https://token.actions.githubusercontent.com';
const PUBLIC_WEB = 'https://github.com';
/** An enterprise can have an issuer with its own path. */
const ENTERPRISE = /^https:\/\/token\.actions\.githubusercontent\.com\/[A-Za-z0-9-]+$/u;
const DATA_RESIDENCY = /^https:\/\/token\.actions\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.ghe\.com$/u;
const ENTERPRISE_SERVER = /^(https:\/\/[a-z0-9.-]+(?::[0-9]+)?)\/_services\/token$/u;

/**
 * github.com and its enterprises, `SUB.ghe.com`, a GitHub Enterprise Server; of every other issuer, as GitLab's, it is the issuer itself.
 */
export function webAddressOf(issuer: string): string {
  if (issuer === PUBLIC_ISSUER || ENTERPRISE.test(issuer)) return PUBLIC_WEB;
  const subdomain = DATA_RESIDENCY.exec(issuer)?.[1];
  if (subdomain !== undefined) return `https://${subdomain}.ghe.com`;
  return ENTERPRISE_SERVER.exec(issuer)?.[1] ?? issuer;
}

/** Whether an issuer is one of GitHub, by its form. */
export function isGithubIssuer(issuer: string): boolean {
  return webAddressOf(issuer) !== issuer;
}
