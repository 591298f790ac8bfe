import { explainPolicyFile, type PolicyExplainReport } from '@cavra/release-governance-core';
import {
  type Command,
  FORMAT,
  jsonText,
  type ParsedArguments,
  requiredOption,
  type Terminal,
  wantsJson,
} from '../../command-line/command.ts';
import { printable, type Style, styleFor } from '../../render/style.ts';

export const policyExplainCommand: Command = {
  name: 'policy explain',
  summary: 'which rule of a trust policy lets a runner pass, or where each one stops',
  synopsis: '[POLICY]',
  details:
    'Without POLICY it explains what passes by default. CLAIMS is JSON: the decoded claims of an OIDC token, or a\nrunner-auth-claims.json, which is explained as proven by HMAC. Exit status 0: trusted; 3: not.',
  options: [
    { name: 'claims', kind: 'value', placeholder: 'CLAIMS', description: 'file with the claims; required' },
    { name: 'request', kind: 'value', placeholder: 'FILE', description: 'the request that the runner makes' },
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
    workingDirectory: terminal.workingDirectory,
  });
  terminal.out(wantsJson(parsed) ? jsonText(report) : explainText(report, styleFor(terminal.colour)));
  return report.decision.trusted ? 0 : 3;
}

function explainText(
  { decision, method, provider, repository, rules, notes }: PolicyExplainReport,
  style: Style,
): string {
  const verdict = decision.trusted ? style.good('TRUSTED') : style.bad('NOT TRUSTED');
  const why = decision.trusted ? `by rule ${decision.rule}` : decision.reason;
  const head = `${verdict}  ${printable(`${provider} ${repository} by ${method}: ${why}`)}\n`;
  const body = rules.map(({ rule, conditions }) => {
    const lines = conditions.map(({ name, expected, actual, met }) => {
      const found = actual === null ? 'nothing is proven' : `got ${actual}`;
      return `  ${met ? style.good('met  ') : style.bad('unmet')} ${printable(`${name}: expected ${expected}, ${found}`)}\n`;
    });
    return `\n${style.bold(printable(rule))}\n${lines.join('')}`;
  });
  const remarks = notes.map((note) => `  ${style.dim(note)}\n`);
  return [head, ...body, '\n', ...remarks].join('');
}
