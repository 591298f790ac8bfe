/**
 * What the inputs may hold, as regular expressions that RE2 (GitLab) and JavaScript (gitlab-ci-local) read alike.
 *
 * An input's text is put into a line of a quoted here-document in the job's script. Its only end is a line end, so no pattern lets one
 * through: neither those of a shell nor the further ones of YAML 1.1 (U+0085, U+2028, U+2029), should a GitLab interpolate before it
 * parses. Nor may a text hold what GitLab's interpolation itself gives a meaning to: `$[[` would be interpolated again, and
 * before a backslash, Ruby's `gsub` takes some characters for a reference to what surrounds the block.
 */

/** Inside of a character class; the last three stand for themselves because the two engines write them differently. */
const LINE_ENDS_AND_CONTROLS = '\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\ufeff';
const NO_SPECIALS = `${LINE_ENDS_AND_CONTROLS}$\\\\`;

/** One line without `$` and backslash. A variable would not be expanded: an input with one is a mistake that is told early. */
export const PLAIN_LINE = `^[^${NO_SPECIALS}]*$`;

/** JSON on one line: also `$`, save before `[`, and the escapes that Ruby leaves alone (`\\\\` is none of them; JSON can say `\\u005c`). */
const ESCAPE = '\\\\["/bfnrtu]';
export const JSON_LINE = `^(?:[^${NO_SPECIALS}]|[$]*${ESCAPE}|[$]+[^${NO_SPECIALS}\\[])*$`;

/** The name of a job; one that began with a dot would be hidden, and never run. */
export const JOB_NAME = '^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$';

/** The name of a stage, `.pre` and `.post` included. */
export const STAGE_NAME = '^[.]?[A-Za-z0-9][A-Za-z0-9 ._:/-]*$';

/** An image, or variables that name one. */
export const IMAGE = '^[A-Za-z0-9$][A-Za-z0-9$_{}.:/@-]*$';

/** A name with variables, which the runner expands. */
export const NAME_WITH_VARIABLES = '^[A-Za-z0-9$_{}.-]+$';

/** A relative path that does not lead upwards. */
const SEGMENT = '[.]?[A-Za-z0-9_][A-Za-z0-9._-]*';
export const FILE_PATH = `^${SEGMENT}(?:/${SEGMENT})*$`;

/** A URL or a name like one; empty: not given. */
export const URL_WORD = '^[A-Za-z0-9._~:/@+-]*$';

/** Words, for example a duration. */
export const PLAIN_WORDS = '^[A-Za-z0-9][A-Za-z0-9 .]*$';
