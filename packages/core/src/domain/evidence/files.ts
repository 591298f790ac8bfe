import { encodeStruct } from '../wire/encode.ts';
import { DECISION_RESPONSE, RUNNER_IDENTITY } from '../wire/layout.ts';
import type { DecisionResponse, RunnerIdentity } from '../wire/messages.ts';

/** The files of one run's evidence folder (wire-format.md section 1). Nothing else is published. */

export const CLAIMS_FILE = 'runner-auth-claims.json';
export const RESPONSE_FILE = 'release-governance-response.json';
export const RESPONSES_FILE = 'release-governance-responses.jsonl';
export const STREAM_FILE = 'release-governance-evidence.jsonl';
export const VERIFICATION_FILE = 'release-governance-evidence-verification.json';
/** Fragments of a torn last line, set aside when the stream was continued. */
export const TORN_FILE = 'release-governance-evidence.torn.jsonl';
export const CHECKPOINT_FILE = 'release-governance-checkpoint.sigstore.json';
export const REPORT_FILE = 'release-governance-report.html';
/** What the front end says of itself, for example which CI/CD component started the run. */
export const RUN_FILE = 'release-governance-run.json';

export const KNOWN_EVIDENCE_FILES = [
  CLAIMS_FILE,
  RESPONSE_FILE,
  RESPONSES_FILE,
  STREAM_FILE,
  VERIFICATION_FILE,
  TORN_FILE,
  CHECKPOINT_FILE,
  REPORT_FILE,
  RUN_FILE,
] as const;

export type EvidenceFileName = (typeof KNOWN_EVIDENCE_FILES)[number];

/** Content of `runner-auth-claims.json`: empty fields left out, keys sorted, two-space indent, final line end. */
export function claimsFileText(identity: RunnerIdentity): string {
  const sorted = {
    ...RUNNER_IDENTITY,
    fields: RUNNER_IDENTITY.fields.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
  return `${indentJson(encodeStruct(sorted, identity))}\n`;
}

/** Content of `release-governance-run.json`: facts by name, two-space indent, final line end. */
export function runFileText(facts: Readonly<Record<string, string>>): string {
  return `${JSON.stringify(facts, null, 2)}\n`;
}

/** Content of `release-governance-response.json`: two-space indent, final line end. */
export function responseFileText(response: DecisionResponse): string {
  return `${indentJson(encodeStruct(DECISION_RESPONSE, response))}\n`;
}

/** Content of `release-governance-responses.jsonl`: one response a line, in the order of the requests. */
export function responsesFileText(responses: readonly DecisionResponse[]): string {
  return responses.map((response) => `${encodeStruct(DECISION_RESPONSE, response)}\n`).join('');
}

/** Indents compact JSON by two spaces and changes nothing else: order, numbers and escapes stay as they are. */
export function indentJson(compact: string): string {
  let depth = 0;
  return compact.replace(TOKEN, (token) => {
    switch (token) {
      case '{':
      case '[':
        depth += 1;
        return `${token}${lineStart(depth)}`;
      case '}':
      case ']':
        depth -= 1;
        return `${lineStart(depth)}${token}`;
      case ',':
        return `,${lineStart(depth)}`;
      case ':':
        return ': ';
      default:
        return token;
    }
  });
}

/** A string, an empty object or list, or one character of structure. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\{\}|\[\]|[[\]{},:]/g;

function lineStart(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
