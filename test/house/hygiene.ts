/** A rule on the text of the repository's files. The patterns are put together so that this file does not match them. */
export interface TextRule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Files that the rule is not for. */
  readonly except?: RegExp;
}

const REGISTRIES = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['pypi', 'org'],
].map((labels) => labels.join('\\.'));

const HOME_FOLDERS = [
  '/home/(?!runner/|vsts/)[a-z][\\w.-]*/',
  '/Users/(?!runner/)[A-Za-z][\\w.-]*/',
  '/(?:root)/',
  '[A-Z]:\\\\{1,2}Users\\\\',
];

/** @param checkout absolute path of this checkout, which no file may name */
export function textRules(checkout: string): readonly TextRule[] {
  return [
    { name: 'names a package registry', pattern: new RegExp(REGISTRIES.join('|'), 'i') },
    { name: 'pins a package to a host', pattern: /^\s*(registry\s*=|.*\btarball: *https?:)/m, except: /\.md$/ },
    { name: "names a folder of somebody's machine", pattern: new RegExp(`(?<![\\w.-])(${HOME_FOLDERS.join('|')})`) },
    { name: 'names the folder of this checkout', pattern: new RegExp(`${escaped(checkout)}(?![\\w-])`) },
    // Bundles hold the notes of other packages too.
    {
      name: 'leaves work undone',
      pattern: new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`),
      except: /\/dist\//,
    },
    { name: 'has an unresolved merge', pattern: /^(<{7}|>{7}) /m },
  ];
}

/** Returns a sentence for each rule that `text`, the content of the file at `path`, breaks. */
export function textViolations(path: string, text: string, rules: readonly TextRule[]): readonly string[] {
  return rules
    .filter(({ pattern, except }) => !except?.test(path) && pattern.test(text))
    .map(({ name, pattern }) => `${path}: ${name} (${pattern.exec(text)?.[0].trim()})`);
}

/** Returns a sentence for each top-level folder that says nowhere what it is for. */
export function unexplainedFolders(files: readonly string[], contributing: string): readonly string[] {
  const folders = new Set(files.filter((path) => path.includes('/')).map((path) => path.slice(0, path.indexOf('/'))));
  return [...folders].flatMap((folder) => [
    // A README in .github would take the place of the repository's own.
    ...(folder.startsWith('.') || files.includes(`${folder}/README.md`) ? [] : [`${folder}: has no README.md`]),
    ...(contributing.includes(`\`${folder}/`) ? [] : [`${folder}: is not in the layout of CONTRIBUTING.md`]),
  ]);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
