import { IMAGE, JOB_NAME, STAGE_NAME } from './input-patterns.ts';

/** An input of one of the templates, as `spec: inputs` declares it. */
export interface TemplateInput {
  /** snake_case. */
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean' | 'array';
  /** Every input has one, so that a pipeline can always be made. The empty string: not given. */
  readonly default: string | number | boolean | readonly unknown[];
  readonly description: string;
  readonly options?: readonly string[];
  /** For strings without `options`; RE2, and the same in JavaScript. */
  readonly regex?: string;
  /** Whether the program gets it, in its configuration; the others shape the job itself. */
  readonly configures: boolean;
}

export type TemplateCommand = 'gate' | 'verify';

export const DEFAULT_IMAGE = 'node:24-alpine';

/** The inputs that shape the job, whatever it does. */
export function jobInputs(jobName: string): readonly TemplateInput[] {
  return [
    {
      name: 'job_name',
      type: 'string',
      default: jobName,
      regex: JOB_NAME,
      description: 'name of the job',
      configures: false,
    },
    {
      name: 'stage',
      type: 'string',
      default: 'test',
      regex: STAGE_NAME,
      description: 'stage of the job',
      configures: false,
    },
    {
      name: 'image',
      type: 'string',
      default: DEFAULT_IMAGE,
      regex: IMAGE,
      description: 'image with Node.js 20.19 or later and sh or bash; pin it by digest',
      configures: false,
    },
    {
      name: 'rules',
      type: 'array',
      default: [{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"', when: 'never' }, { when: 'on_success' }],
      description:
        'when the job runs, as in the keyword `rules`; by default in every pipeline but those of merge requests',
      configures: false,
    },
  ];
}
