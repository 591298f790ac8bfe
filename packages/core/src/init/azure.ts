import type { InitStep, PinnedPolicy, PlannedFile } from './planned.ts';
import { type InitQuestion, UNKNOWN_ISSUER } from './question.ts';
import { shellWord } from './shell-word.ts';

const PIPELINE = 'azure-pipelines-release.yml';
const GROUP = 'cavra-evidence';

/** The pipeline of a first gate on Azure Pipelines (docs/azure.md#quick-start). */
export function azurePipeline(question: InitQuestion, policy: PinnedPolicy | undefined): readonly PlannedFile[] {
  const text = `trigger:
  branches:
    include: [main]
pr: none
pool:
  vmImage: ubuntu-24.04
variables:
  - group: ${GROUP}
stages:
  - stage: Gate
    jobs:
      - job: Decide
        steps:
          - checkout: self
            persistCredentials: false
          - task: CavraReleaseGovernance@1
            name: gate
            inputs:
${inputsOf(question, policy)}  - stage: Release
    dependsOn: Gate
    condition: and(succeeded(), eq(dependencies.Gate.outputs['Decide.gate.verdict'], 'pass'))
    jobs:
      - job: Publish
        steps:
          - script: echo "replace this line with your release; it is reached only when the gate passes"
`;
  return [{ path: PIPELINE, text }];
}

function inputsOf({ request, issuer = UNKNOWN_ISSUER }: InitQuestion, policy: PinnedPolicy | undefined): string {
  const inputs = [
    ['request', request],
    ['issuer', issuer],
    ...(policy === undefined
      ? []
      : [
          ['trustPolicy', policy.path],
          ['trustPolicySha256', policy.sha256],
        ]),
  ];
  return inputs.map(([name, value]) => `              ${name}: ${value}\n`).join('');
}

export function azureSteps({ issuer, secretFile, keyId }: InitQuestion): readonly InitStep[] {
  return [
    ...(issuer === undefined
      ? [
          {
            text: `Write the id of your organisation into ${PIPELINE} in place of REPLACE_WITH_SYSTEM_COLLECTION_ID. It is the value of the predefined variable System.CollectionId; this prints it:`,
            commands: [
              'az devops invoke --area Location --resource ConnectionData --api-version 7.1-preview --query instanceId --output tsv',
            ],
          },
        ]
      : []),
    {
      text: `Store the key and its id in the variable group ${GROUP}; the second command takes the group’s id from what the first one prints:`,
      commands: [
        `az pipelines variable-group create --name ${GROUP} --variables CAVRA_ATTESTATION_KEY_ID=${keyId}`,
        `AZURE_DEVOPS_EXT_PIPELINE_VAR_CAVRA_ATTESTATION_KEY="$(cat ${shellWord(secretFile ?? '')})" az pipelines variable-group variable create --group-id GROUP_ID --name CAVRA_ATTESTATION_KEY --secret true`,
      ],
    },
    {
      text: 'Commit the files, push them, and create the pipeline, which then runs:',
      commands: [`az pipelines create --name release --yml-path ${PIPELINE}`],
    },
  ];
}
