import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GATE_INPUTS, inputName } from '../../../gitlab-templates/src/configuration/inputs.ts';
import { createAuthority } from '../../fakes/authority.ts';
import { type GitLab, startGitLab } from '../../fakes/gitlab.ts';
import { root } from '../../support/repository.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from '../front-end.ts';
import { addExamples, EVIDENCE_KEY, newFolder, readFolder } from './workspace.ts';

/** The program of the GitLab template, called as the template's script calls it. */
export const gitlabTemplate: FrontEnd = {
  name: 'the GitLab template',
  provider: 'gitlab-ci',
  obeysEnvironment: false,
  label: (setting) => `input ${inputName(setting)}`,
  open,
};

const PROGRAM = join(root, 'gitlab-templates/dist/release-governance.cjs');
const START = 'require(process.argv[1]).run(require("node:fs").readFileSync(0, "utf8"), "0".repeat(64))';
const AUDIENCE = 'cavra-release-governance';
const TOKEN = 'CAVRA_GITLAB_OIDC_TOKEN';
const DEFAULT_FOLDER = '.cavra/go-daemon';

async function open(): Promise<Session> {
  const authority = createAuthority();
  const [gitlab, stranger] = await Promise.all([startGitLab({ authority }), startGitLab({ authority })]);
  const machine = { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: authority.file };

  const newJob = ({ keys = EVIDENCE_KEY, environment, folder, ...facts }: JobFacts = {}): ContractJob => {
    const variables = jobVariables(gitlab, stranger, facts);
    const path = newFolder();
    const workspace = join(path, folder ?? 'project');
    addExamples(workspace);
    return {
      workspace,
      proven: {
        repository: variables['CI_PROJECT_PATH'] ?? '',
        sha: variables['CI_COMMIT_SHA'] ?? '',
        run_id: variables['CI_PIPELINE_ID'] ?? '',
      },
      run: async (settings) => {
        const { status, printed } = await start(
          configurationOf({ issuer: gitlab.issuer, ...settings }),
          { ...machine, ...environment, ...variables, ...keys },
          workspace,
        );
        const evidence = settings['evidence-dir'] ?? DEFAULT_FOLDER;
        return {
          passed: status === 0,
          outputs: readOutputs(join(workspace, `${evidence}.env`)),
          printed,
          commands: [...printed.matchAll(/section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?\r/g)].map(
            ([found]) => found,
          ),
          published: readFolder(join(workspace, evidence)),
        };
      },
      dispose: () => rmSync(path, { recursive: true, force: true }),
    };
  };

  return {
    platform: gitlab,
    newJob,
    close: async () => {
      await Promise.all([gitlab.close(), stranger.close()]);
      authority.dispose();
    },
  };
}

function jobVariables(
  gitlab: GitLab,
  stranger: GitLab,
  { token = 'own', pullRequest }: JobFacts,
): Readonly<Record<string, string>> {
  const facts = {
    idTokens: token === 'none' ? {} : { [TOKEN]: AUDIENCE },
    ...(pullRequest ? { pipelineSource: 'merge_request_event' } : {}),
    ...(token === 'foreign'
      ? {
          claims: {
            project_path: 'mallory/repo',
            project_id: '666',
            job_project_path: 'mallory/repo',
            job_project_id: '666',
          },
        }
      : {}),
  };
  const { environment, claims } = gitlab.startJob(facts);
  const forged = token === 'forged' ? { [TOKEN]: stranger.mint(claims(AUDIENCE), { kid: gitlab.keys.kid }) } : {};
  return { ...environment, CI_JOB_NAME: 'release-governance', CI_JOB_TIMEOUT: '3600', ...forged };
}

/** The block that the template writes: every input, one a line. */
function configurationOf(settings: Readonly<Partial<Record<string, string>>>): string {
  const given = new Map(Object.entries(settings).map(([name, text = '']) => [inputName(name), oneLine(name, text)]));
  const lines = GATE_INPUTS.filter(({ configures }) => configures).map(
    ({ name, default: standard }) => `${name}=${given.get(name) ?? String(standard)}`,
  );
  return ['command=gate', 'form=template', ...lines, ''].join('\n');
}

/** Several requests have a semicolon between them here. */
function oneLine(setting: string, text: string): string {
  return setting === 'request' ? text.replaceAll('\n', ';') : text.replaceAll('\n', ' ');
}

function start(
  configuration: string,
  environment: Readonly<Record<string, string>>,
  workspace: string,
): Promise<{ status: number | null; printed: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', START, PROGRAM], {
      cwd: workspace,
      env: environment,
      timeout: 50_000,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    child.stdin.end(configuration);
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, printed }));
  });
}

/** The dotenv report, `CAVRA_RULE_ID=…` a line. */
function readOutputs(path: string): Readonly<Record<string, string>> {
  if (!existsSync(path)) return {};
  const pairs = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^CAVRA_([A-Z_]+)=(.*)$/.exec(line) ?? [];
      return [name.toLowerCase().replaceAll('_', '-'), text] as const;
    });
  return Object.fromEntries(pairs);
}
