import { inputsOf, type TemplateCommand, type TemplateInput } from '../configuration/inputs.ts';
import { flow } from './yaml.ts';

/** Puts the tables of inputs into docs/gitlab.md, each between its mark and the next end mark. */
export function withInputTables(page: string): string {
  return page.replace(
    /(<!-- inputs: (gate|verify) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, command: TemplateCommand, end: string) => `${start}${inputsTable(inputsOf(command))}\n${end}`,
  );
}

function inputsTable(inputs: readonly TemplateInput[]): string {
  const rows = inputs.map(({ name, type, default: standard, options, description }) => {
    const kind = options === undefined ? type : options.map((option) => `\`${option}\``).join(', ');
    return `| \`${name}\` | ${kind} | ${standard === '' ? '' : defaultText(standard)} | ${description} |`;
  });
  return ['| input | type | default | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function defaultText(standard: TemplateInput['default']): string {
  return typeof standard === 'object' ? `\`${flow(standard).replaceAll('|', '\\|')}\`` : `\`${standard}\``;
}
