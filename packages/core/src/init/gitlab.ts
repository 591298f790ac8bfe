import type { InitStep, PinnedPolicy, PlannedFile } from './planned.ts';
import { type InitQuestion, UNREVIEWED } from './question.ts';
import { shellWord } from './shell-word.ts';

const PIPELINE = '.gitlab/release-gate.yml';

/**
 * The pipeline of a first gate on GitLab (docs/gitlab.md#quick-start): a file of its own, because most projects have a
 * `.gitlab-ci.yml` already.
 */
export function gitlabPipeline(question: InitQuestion, policy: PinnedPolicy | undefined): readonly PlannedFile[] {
  const template = question.seal === 'keyless' ? 'release-governance-keyless' : 'release-governance';
  const text = `include:
  - project: cavra/release-governance
    ref: ${question.reviewedCommit ?? UNREVIEWED}
    file: gitlab-templates/${template}.yml
    inputs:
${inputsOf(question, policy)}${environmentOf(question)}
release:
  stage: deploy
  needs: [release-governance]
  script:
    - echo "replace this line with your release; it is reached only when the gate passes"
`;
  return [{ path: PIPELINE, text }];
}

function inputsOf({ request, issuer }: InitQuestion, policy: PinnedPolicy | undefined): string {
  const inputs = [
    ['request', request],
    ...(issuer === undefined ? [] : [['issuer', issuer]]),
    ...(policy === undefined
      ? []
      : [
          ['trust_policy', policy.path],
          ['trust_policy_sha256', policy.sha256],
        ]),
  ];
  return inputs.map(([name, value]) => `      ${name}: ${value}\n`).join('');
}

/** The gate's job, by its name: its environment is added to what the template says. */
function environmentOf({ environment }: InitQuestion): string {
  return environment === undefined ? '' : `\nrelease-governance:\n  environment: ${environment}\n`;
}

export function gitlabSteps({ reviewedCommit, seal, secretFile, keyId }: InitQuestion): readonly InitStep[] {
  return [
    ...(reviewedCommit === undefined
      ? [
          {
            text: `Review a commit of the gate and write it into ${PIPELINE} in place of ${UNREVIEWED}. The project cavra/release-governance must exist on your instance; this finds the commits of its releases:`,
            commands: ['git ls-remote https://gitlab.example.org/cavra/release-governance.git "refs/tags/v1*"'],
          },
        ]
      : []),
    {
      text: 'Include the file in .gitlab-ci.yml:',
      commands: [`printf 'include:\\n  - local: ${PIPELINE}\\n' >> .gitlab-ci.yml`],
    },
    ...(seal === 'keyless'
      ? []
      : [
          {
            text: 'Store the key and its id as variables of the project, for protected branches and tags:',
            commands: [
              `glab variable set CAVRA_ATTESTATION_KEY --masked --protected < ${shellWord(secretFile ?? '')}`,
              `glab variable set CAVRA_ATTESTATION_KEY_ID ${keyId} --protected`,
            ],
          },
        ]),
    {
      text: 'Commit the files, protect the tags v* (Settings, Repository, Protected tags), and push one to run the gate:',
      commands: ['git tag v0.1.0', 'git push origin v0.1.0'],
    },
  ];
}
