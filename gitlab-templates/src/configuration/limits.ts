/** Sizes and times of the GitLab templates; sizes are bytes, times milliseconds unless the name says seconds. */

/** Time that the runner needs after the script, to upload the artifact before the job's own timeout. */
export const UPLOAD_RESERVE_SECONDS = 30;
/** The whole dotenv report; GitLab refuses one of 5 KB, and a job whose report is refused fails. */
export const MAX_DOTENV_BYTES = 4_096;
/** One value in it. */
export const MAX_DOTENV_VALUE_CHARACTERS = 400;
/** Names that one message lists. */
export const MAX_LISTED_NAMES = 10;
/** One line of the embedded program's text in the YAML. */
export const PAYLOAD_LINE_CHARACTERS = 120;
/** The program, when it is unpacked. */
export const MAX_PROGRAM_BYTES = 2 * 1024 * 1024;
