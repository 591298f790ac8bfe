import { explainPolicyFile, logLine, type PolicyExplainReport } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  requiredOption,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { type Style, styleFor } from '../../render/style.ts';

export const policyExplainCommand: Command = {
  name: 'policy explain',
  summary: 'which rule of a trust policy lets a runner pass, or where each one stops',
  synopsis: '[POLICY]',
  details:
    'Without POLICY it explains what passes by default. CLAIMS is JSON: the decoded claims of an OIDC token, or a\nrunner-auth-claims.json, which is explained as proven by HMAC. Exit status 0: trusted; 3: not.',
  options: [
    { name: 'claims', kind: 'value', placeholder: 'CLAIMS', description: 'file with the claims; required' },
    { name: 'request', kind: 'value', placeholder: 'FILE', description: 'the request that the runner makes' },
    {
      name: 'approval',
      kind: 'list',
      placeholder: 'FILE',
      description: 'approvals of the request, files or globs; may be repeated',
    },
    { name: 'key-id', kind: 'value', placeholder: 'ID', description: 'id of the HMAC key that would prove the claims' },
    { name: 'trust-policy-sha256', kind: 'value', placeholder: 'HEX', description: 'the digest that POLICY must have' },
    FORMAT,
  ],
  positionals: [0, 1],
  run: runPolicyExplain,
};

async function runPolicyExplain(terminal: Terminal, parsed: ParsedArguments): Promise<number> {
  const report = await explainPolicyFile({
    policy: parsed.positionals[0],
    policySha256: parsed.values.get('trust-policy-sha256'),
    claims: requiredOption(parsed, 'claims'),
    keyId: parsed.values.get('key-id'),
    request: parsed.values.get('request'),
    approvals: parsed.lists.get('approval') ?? [],
    workingDirectory: terminal.workingDirectory,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : explainText(report, styleFor(terminal.colour)));
  return report.decision.trusted ? 0 : 3;
}

function explainText(
  { decision, approvals, method, provider, repository, rules, notes }: PolicyExplainReport,
  style: Style,
): string {
  const verdict = decision.trusted ? style.good('TRUSTED') : style.bad('NOT TRUSTED');
  const why = decision.trusted ? `by rule ${decision.rule}` : decision.reason;
  const head = `${verdict}  ${logLine(`${provider} ${repository} by ${method}: ${why}`)}\n`;
  const body = rules.map(({ rule, conditions }) => {
    const lines = conditions.map(({ name, expected, actual, met }) => {
      const found = actual === null ? 'nothing is proven' : `got ${actual}`;
      return `  ${met ? style.good('met  ') : style.bad('unmet')} ${logLine(`${name}: expected ${expected}, ${found}`)}\n`;
    });
    return `\n${style.bold(logLine(rule))}\n${lines.join('')}`;
  });
  const remarks = notes.map((note) => `  ${style.dim(note)}\n`);
  return [head, ...body, ...approvalLines(approvals, style), '\n', ...remarks].join('');
}

function approvalLines(approvals: PolicyExplainReport['approvals'], style: Style): readonly string[] {
  if (approvals === null) return [];
  const { required, sources, exclude, bind, max_age, people, emergency, judged } = approvals;
  const terms = [
    `${required} ${required === 1 ? 'person' : 'people'} by ${sources.join(' or ')}, not older than ${max_age}`,
    `a signature must name ${bind.join(', ')}`,
    exclude.length === 0 ? 'nobody is excluded, not even who starts the run' : `not of the ${exclude.join(' and ')}`,
    ...(emergency.length === 0 ? [] : [`in an emergency alone: ${emergency.join(', ')}`]),
  ];
  const found = (counts: boolean, text: string) =>
    `  ${counts ? style.good('counts') : style.bad('not   ')} ${logLine(text)}\n`;
  return [
    `\n${style.bold('approvals')}\n`,
    ...terms.map((text) => `  ${logLine(text)}\n`),
    ...people.map(({ name, counts_by, why_not }) =>
      found(why_not === null, `${name}: ${why_not ?? `by ${counts_by.join(', ')}`}`),
    ),
    ...judged.map(({ approver, decision, counted, why_not }) =>
      found(counted, `${decision} of ${approver}${why_not === null ? '' : `: ${why_not}`}`),
    ),
  ];
}
