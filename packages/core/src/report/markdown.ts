import { markdownCode, markdownText } from '../domain/text/markdown.ts';
import { capitalized, type Row, table } from './markdown-parts.ts';
import type { DecisionLine, FindingLine, ReportModel, Tone } from './model/model.ts';
import { count, counted, type Prose } from './model/prose.ts';

const MARK: Readonly<Record<Tone, string>> = { good: '✅', warn: '⚠️', bad: '❌', neutral: '➖' };

/** The same report as Markdown, for a summary page, a ticket or a pull request. Every text of the model is escaped. */
export function reportMarkdown(model: ReportModel): string {
  const { verdict, checks, runner, keys, unchecked, commands, notes, subject } = model;
  return [
    `## ${MARK[verdict.tone]} ${markdownText(verdict.headline)}`,
    prose(verdict.summary),
    verdict.action === undefined ? '' : `**What to do:** ${prose(verdict.action)}`,
    table(
      ['', '', ''],
      checks.map(({ tone, label, text }) => [MARK[tone], markdownText(label), prose(text)]),
    ),
    '### Who asked',
    prose(runner.summary),
    ...[{ scope: 'In common', fields: runner.common }, ...runner.runners]
      .filter(({ fields }) => fields.length > 0)
      .map(({ scope, fields }) =>
        table(
          [markdownText(scope), '', ''],
          fields.map(
            ({ label, value, code, proof }): Row => [
              markdownText(label),
              code ? markdownCode(value) : markdownText(value),
              proof === undefined ? '' : proof === 'proven' ? 'proven' : 'stated by the job',
            ],
          ),
        ),
      ),
    ...decisions(model),
    '### Chain',
    prose(model.chain.summary),
    ...findings(model),
    ...(keys.length === 0
      ? []
      : [
          '### Keys',
          table(
            ['Key', 'Status', 'Records', 'Period'],
            keys.map(({ id, status, records, period }) => [
              markdownCode(id === '' ? '(without id)' : id),
              markdownText(status),
              count(records),
              markdownText(period),
            ]),
          ),
        ]),
    '### What was not checked',
    list([...unchecked.map(prose), ...notes.map((note) => markdownText(note))]),
    '### Check it yourself',
    ...commands.flatMap(({ purpose, command }) => [prose(purpose), `\`\`\`sh\n${command}\n\`\`\``]),
    ...(subject.length === 0
      ? []
      : [
          table(
            ['', ''],
            subject.map(({ label, value }) => [markdownText(label), markdownCode(value)]),
          ),
        ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function decisions({
  decisions: { caution, total, rows, omitted, rules, otherRules },
}: ReportModel): readonly string[] {
  if (total === 0) return ['### Decisions', 'No decision was made.'];
  return [
    `### ${total === 1 ? 'Decision' : counted(total, 'decision')}`,
    caution === undefined ? '' : prose(caution),
    ...(rules.length === 0
      ? []
      : [
          table(
            ['', 'Decision', 'Rule', 'Records', 'First'],
            rules.map((rule) => [
              MARK[rule.tone],
              markdownCode(rule.decision),
              markdownCode(rule.ruleId),
              count(rule.records),
              count(rule.firstRecord),
            ]),
          ),
          ...(otherRules === 0 ? [] : [`And ${counted(otherRules, 'record')} of further rules.`]),
        ]),
    table(['', 'For', 'Decision', 'Rule', 'Reason'], rows.map(decisionRow)),
    omitted === 0 ? '' : `And ${counted(omitted, 'decision')} more; the evidence has them all.`,
  ];
}

function decisionRow({
  tone,
  named,
  names,
  moreNames,
  decision,
  doubtful,
  expected,
  ruleId,
  reason,
}: DecisionLine): Row {
  const unmet = expected === undefined ? '' : `, expected ${markdownCode(expected)}`;
  return [
    MARK[tone],
    `${named === 'request' ? '' : 'record '}${names.map(markdownCode).join(', ')}${moreNames === 0 ? '' : ` and ${count(moreNames)} more`}`,
    `${markdownCode(decision)}${unmet}${doubtful ? ', has errors, see the findings' : ''}`,
    markdownCode(ruleId),
    markdownText(reason),
  ];
}

function findings({ findings: { rows, omitted } }: ReportModel): readonly string[] {
  if (rows.length === 0) return [];
  return [
    `### ${capitalized(counted(rows.length + omitted, 'finding'))}`,
    table(['', 'Code', 'Record', 'Line', 'Byte', 'What was found'], rows.map(findingRow)),
    omitted === 0 ? '' : `And ${count(omitted)} more.`,
  ];
}

function findingRow({ tone, code, record, line, offset, message }: FindingLine): Row {
  const place = line === 0 ? ['', '', ''] : [record === 0 ? '' : count(record), count(line), count(offset)];
  return [MARK[tone], markdownCode(code), ...place, markdownText(message)];
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function prose(parts: Prose): string {
  return parts.map((part) => (typeof part === 'string' ? sentence(part) : markdownCode(part.code))).join('');
}

/** Parts end and begin with blanks that count, and `markdownText` would write those out. */
function sentence(text: string): string {
  const inner = text.trim();
  if (inner === '') return text === '' ? '' : ' ';
  return `${/^\s/.test(text) ? ' ' : ''}${markdownText(inner)}${/\s$/.test(text) ? ' ' : ''}`;
}
