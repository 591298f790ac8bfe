import type { InitStep, PinnedPolicy, PlannedFile } from './planned.ts';
import { type InitQuestion, UNREVIEWED } from './question.ts';
import { shellWord } from './shell-word.ts';

const WORKFLOW = '.github/workflows/release-gate.yml';
const FIND_COMMIT = 'git ls-remote https://github.com/cavra/release-governance "refs/tags/v1*"';

/** The workflow of a first gate on GitHub Actions (docs/github.md#quick-start). */
export function githubPipeline(question: InitQuestion, policy: PinnedPolicy | undefined): readonly PlannedFile[] {
  const text = `name: Release
on:
  push:
    tags: ['v*']
permissions: {}
jobs:
  gate:
    runs-on: ubuntu-24.04${question.environment === undefined ? '' : `\n    environment: ${question.environment}`}
    permissions:
      contents: read
      id-token: write # the OIDC token that proves which job this is
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - uses: cavra/release-governance@${question.reviewedCommit ?? UNREVIEWED}
        with:
${inputsOf(question, policy)}${environmentOf(question)}
  release:
    needs: gate
    runs-on: ubuntu-24.04
    steps:
      - run: echo "replace this line with your release; it is reached only when the gate passes"
`;
  return [{ path: WORKFLOW, text }];
}

function inputsOf({ request, seal }: InitQuestion, policy: PinnedPolicy | undefined): string {
  const inputs = [
    ['request', request],
    ...(seal === 'keyless' ? [['attestation', 'keyless']] : []),
    ...(policy === undefined
      ? []
      : [
          ['trust-policy', policy.path],
          ['trust-policy-sha256', policy.sha256],
        ]),
  ];
  return inputs.map(([name, value]) => `          ${name}: ${value}\n`).join('');
}

function environmentOf({ seal, keyId }: InitQuestion): string {
  if (seal === 'keyless') return '';
  return `        env:
          CAVRA_ATTESTATION_KEY: \${{ secrets.CAVRA_ATTESTATION_KEY }}
          CAVRA_ATTESTATION_KEY_ID: ${keyId}
`;
}

export function githubSteps({ reviewedCommit, seal, secretFile }: InitQuestion): readonly InitStep[] {
  return [
    ...(reviewedCommit === undefined
      ? [
          {
            text: `Review a commit of the gate and write it into ${WORKFLOW} in place of ${UNREVIEWED}. This finds the commits of its releases:`,
            commands: [FIND_COMMIT],
          },
        ]
      : []),
    seal === 'keyless'
      ? {
          text: 'No secret is stored. Seals of a private repository would publish its name, so the gate refuses the public certificate authority there; run init with --key for a private repository.',
          commands: [],
        }
      : {
          text: 'Store the key as a secret of the repository:',
          commands: [`gh secret set CAVRA_ATTESTATION_KEY < ${shellWord(secretFile ?? '')}`],
        },
    {
      text: 'Commit the files, and push a tag to run the gate:',
      commands: ['git tag v0.1.0', 'git push origin v0.1.0'],
    },
  ];
}
