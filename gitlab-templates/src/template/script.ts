import { DEFAULT_IMAGE, inputsOf, type TemplateCommand } from '../configuration/inputs.ts';
import { MAX_PROGRAM_BYTES } from '../configuration/limits.ts';
import { END_OF_PROGRAM, type PackedProgram, PROGRAM_MARK } from './program.ts';

/** How a template is published: to be included as a file, or as a CI/CD component. */
export type TemplateForm = 'template' | 'component';

/** What a component knows of itself; GitLab has none of it for an included file. */
const COMPONENT_FACTS = ['name', 'reference', 'sha', 'version'] as const;

/**
 * Variables through which a pipeline, project or dotenv variable could make Node run other code, send what it does to a log, or
 * change its cryptography.
 */
const UNSET = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_REPL_EXTERNAL_MODULE',
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  'NODE_V8_COVERAGE',
  'NODE_REDIRECT_WARNINGS',
  'NODE_COMPILE_CACHE',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'LD_PRELOAD',
  'LD_AUDIT',
] as const;

const SHELL_WITHOUT_NODE = `CAVRA-E221: the image of this job has no Node.js; set the input image to one that has 20.19 or later, for example ${DEFAULT_IMAGE}`;
const RELATIVE_NODE =
  'CAVRA-E221: the PATH of this job leads to a node in the project itself, which anybody who may push could have put there';

/**
 * The one script of the job, for sh and bash. The here-document is quoted: the shell expands nothing in it, and each input has a line of
 * its own, of which no input can hold the end. It goes to Node by standard input, since one argument or variable may have 128 KiB.
 */
export function scriptText(
  command: TemplateCommand,
  form: TemplateForm,
  program: PackedProgram,
  version: string,
): string {
  const sources = `cavra/release-governance ${version}, ${command}`;
  return [
    `# ${sources}: program of SHA-256 ${program.sha256}`,
    `unset ${UNSET.join(' ')}`,
    'cavra_node=$(command -v node) || {',
    `  echo '${SHELL_WITHOUT_NODE}' >&2`,
    '  exit 2',
    '}',
    'case $cavra_node in',
    '  "$(pwd -P)"/* | "$(pwd)"/* | [!/]*)',
    `    echo '${RELATIVE_NODE}' >&2`,
    '    exit 2 ;;',
    'esac',
    // Said in words, because bash forgets the status of what errexit ends inside of the runner's eval.
    `"$cavra_node" -e '${bootstrapText(program)}' <<'${END_OF_PROGRAM}' || exit $?`,
    ...configurationLines(command, form),
    PROGRAM_MARK,
    program.payload,
    END_OF_PROGRAM,
    '',
  ].join('\n');
}

/** One line for each input that the program gets, and for what the component knows of itself. */
function configurationLines(command: TemplateCommand, form: TemplateForm): readonly string[] {
  return [
    `command=${command}`,
    `form=${form}`,
    ...(form === 'component' ? COMPONENT_FACTS.map((name) => `component_${name}=$[[ component.${name} ]]`) : []),
    ...inputsOf(command)
      .filter(({ configures }) => configures)
      .map(({ name }) => `${name}=$[[ inputs.${name} ]]`),
  ];
}

/**
 * Reads the here-document, unpacks the program, and runs it only if it is the one whose SHA-256 stands here. It has no single quote (it
 * stands between two) and no backslash (which some ways of handing a script to a shell would take away).
 */
function bootstrapText({ sha256, payload }: PackedProgram): string {
  // What stands behind a Brotli stream is not looked at by those who unpack it.
  const packedBytes = Buffer.from(payload, 'base64').length;
  return [
    'const stop=(status,message)=>{console.error(message);process.exit(status)};',
    'const [major,minor]=process.versions.node.split(".").map(Number);',
    `if(major<20||(major===20&&minor<19))stop(2,"CAVRA-E221: needs Node.js 20.19 or later and this image has "+process.versions.node+"; set the input image, for example to ${DEFAULT_IMAGE}");`,
    'const text=require("node:fs").readFileSync(0,"utf8");',
    `const mark=text.lastIndexOf("${PROGRAM_MARK}");`,
    `const payload=text.slice(mark+${PROGRAM_MARK.length}).split(/[^!-~]/).join("");`,
    'const packed=Buffer.from(payload,"base64");',
    'let program=Buffer.alloc(0);',
    `try{program=require("node:zlib").brotliDecompressSync(packed,{maxOutputLength:${MAX_PROGRAM_BYTES}})}catch{}`,
    'const sha256=require("node:crypto").createHash("sha256").update(program).digest("hex");',
    `if(sha256!=="${sha256}"||packed.length!==${packedBytes}||packed.toString("base64")!==payload)stop(5,"CAVRA-E508: the program in this template was changed: its SHA-256 is not the one that the template was made with; include the template again from where it is published");`,
    'const name="/cavra-release-governance.cjs";',
    'const loaded={exports:{}};',
    'require("node:vm").compileFunction(program.toString("utf8"),["require","module","exports","__filename"],{filename:name})(require,loaded,loaded.exports,name);',
    'loaded.exports.run(text.slice(0,mark),sha256);',
  ].join('\n');
}
