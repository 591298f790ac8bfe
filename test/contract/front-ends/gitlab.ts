import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inputName } from '../../../gitlab-templates/src/configuration/inputs.ts';
import type { TemplateCommand } from '../../../gitlab-templates/src/configuration/template-input.ts';
import { verifyInputName } from '../../../gitlab-templates/src/configuration/verify-inputs.ts';
import { inputsOf } from '../../../gitlab-templates/src/template/all-inputs.ts';
import { createAuthority } from '../../fakes/authority.ts';
import { type GitLab, type GitLabJobFacts, startGitLab } from '../../fakes/gitlab.ts';
import { root } from '../../support/repository.ts';
import { HANGS_MS } from '../../support/waiting.ts';
import type { ContractJob, FrontEnd, JobFacts, Session } from '../front-end.ts';
import { addExamples, EVIDENCE_KEY, newFolder, readFolder } from './workspace.ts';

/** The program of the GitLab template, called as the template's script calls it. */
export const gitlabTemplate: FrontEnd = {
  name: 'the GitLab template',
  provider: 'gitlab-ci',
  obeysEnvironment: false,
  expectsThisRun: true,
  needsToken: true,
  label: (setting) => `input ${inputName(setting)}`,
  verifyLabel: (setting) => `input ${verifyInputName(setting)}`,
  open,
};

const PROGRAM = join(root, 'gitlab-templates/dist/release-governance.cjs');
const START = 'require(process.argv[1]).run(require("node:fs").readFileSync(0, "utf8"), "0".repeat(64))';
const AUDIENCE = 'cavra-release-governance';
const TOKEN = 'CAVRA_GITLAB_OIDC_TOKEN';
const VERIFY_AUDIENCE = 'cavra-release-governance-verify';
const VERIFY_TOKEN = 'CAVRA_VERIFY_OIDC_TOKEN';
const DEFAULT_FOLDER = '.cavra/go-daemon';

async function open(): Promise<Session> {
  const authority = createAuthority();
  const [gitlab, stranger] = await Promise.all([startGitLab({ authority }), startGitLab({ authority })]);
  const machine = { PATH: process.env['PATH'] ?? '' };

  const newJob = ({ keys = EVIDENCE_KEY, environment, overridden, folder, ...facts }: JobFacts = {}): ContractJob => {
    const variables = jobVariables(gitlab, stranger, facts);
    const path = newFolder();
    const workspace = join(path, folder ?? 'project');
    addExamples(workspace);
    return {
      workspace,
      proven: {
        repository: variables['CI_PROJECT_PATH'] ?? '',
        ref: variables['CI_COMMIT_REF_NAME'] ?? '',
        sha: variables['CI_COMMIT_SHA'] ?? '',
        run_id: variables['CI_PIPELINE_ID'] ?? '',
      },
      run: async (settings) => {
        const { status, printed } = await start(
          configurationOf('gate', inputName, {
            issuer: gitlab.issuer,
            'ca-certificates': authority.pinned,
            ...settings,
          }),
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
      verify: async (settings) => {
        const { status, printed } = await start(
          configurationOf('verify', verifyInputName, {
            issuer: gitlab.issuer,
            'ca-certificates': authority.pinned,
            ...settings,
          }),
          { ...machine, ...environment, ...variables, ...keys, ...overridden },
          workspace,
        );
        return { passed: status === 0, code: /CAVRA-E\d+/.exec(printed)?.[0] ?? '', printed };
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
  { token = 'own', run = {}, pullRequest }: JobFacts,
): Readonly<Record<string, string>> {
  const facts = {
    idTokens: token === 'none' ? {} : { [TOKEN]: AUDIENCE, [VERIFY_TOKEN]: VERIFY_AUDIENCE },
    ...gitlabRun(run),
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
  const mint = (audience: string) => stranger.mint(claims(audience), { kid: gitlab.keys.kid });
  const forged = token === 'forged' ? { [TOKEN]: mint(AUDIENCE), [VERIFY_TOKEN]: mint(VERIFY_AUDIENCE) } : {};
  return { ...environment, CI_JOB_NAME: 'release-governance', CI_JOB_TIMEOUT: '3600', ...forged };
}

/** Facts of another run, as GitLab names them. */
function gitlabRun({ repository, ref, sha, runId }: NonNullable<JobFacts['run']>): GitLabJobFacts {
  return {
    ...(repository === undefined ? {} : { projectPath: repository }),
    ...(ref === undefined ? {} : { ref }),
    ...(sha === undefined ? {} : { sha }),
    ...(runId === undefined ? {} : { pipelineId: runId }),
  };
}

/** The block that the template writes: every input, one a line. */
function configurationOf(
  command: TemplateCommand,
  spell: (setting: string) => string,
  settings: Readonly<Partial<Record<string, string>>>,
): string {
  const given = new Map(Object.entries(settings).map(([name, text = '']) => [spell(name), oneLine(name, text)]));
  const lines = inputsOf(command)
    .filter(({ configures }) => configures)
    .map(({ name, default: standard }) => `${name}=${given.get(name) ?? String(standard)}`);
  return [`command=${command}`, 'form=template', ...lines, ''].join('\n');
}

/** Several entries have a semicolon between them here. */
function oneLine(setting: string, text: string): string {
  return ['request', 'subject-path', 'public-key', 'against'].includes(setting)
    ? text.replaceAll('\n', ';')
    : text.replaceAll('\n', ' ');
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
      timeout: HANGS_MS,
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
