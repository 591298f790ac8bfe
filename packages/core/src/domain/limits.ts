/**
 * Every size, count and time bound of the product, in one place.
 * Sizes are bytes, times are milliseconds unless the name says seconds.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** One request, as sent or as a file (upstream-weaknesses.md row 30). */
export const MAX_REQUEST_BYTES = 1 * MIB;
/** Requests in one run of the gate. */
export const MAX_REQUESTS_PER_RUN = 1_000;
/** Problems that one error message names; the rest is counted. */
export const MAX_LISTED_PROBLEMS = 20;
/** One evidence record's line without its line end; larger is refused before it is written (row 9). */
export const MAX_RECORD_BYTES = 16 * MIB;
/** Nesting depth of any JSON read from outside. */
export const MAX_JSON_DEPTH = 32;
/** Characters of one JSON number; none that means anything here comes near it. */
export const MAX_JSON_NUMBER_CHARACTERS = 1_000;
/** Findings listed in a verification report; the rest is counted (row 33). */
export const MAX_REPORT_FINDINGS = 1_000;
/** Distinct key ids listed in a verification report; the rest is counted. */
export const MAX_REPORT_KEYS = 100;
/** What is read of a stream at once. */
export const STREAM_CHUNK_BYTES = 1 * MIB;
/** A stream from this size on is verified by several threads: starting them takes as long as verifying a tenth of it. */
export const PARALLEL_STREAM_BYTES = 64 * MIB;
/** What a thread verifies at once: less than fits into the cache of its core ... */
export const PART_BYTES = 256 * KIB;
/** ... and how many threads can do so before hashing the stream as a whole, which takes one, is slower than they. */
export const MAX_PART_THREADS = 4;
/** A claims or response file of an evidence folder: no larger than the record that holds the same. */
export const MAX_EVIDENCE_SIDE_FILE_BYTES = 2 * MAX_RECORD_BYTES;

/** Signing keys shorter than this are refused: published MACs can be guessed at offline (wire-format.md section 3). */
export const MIN_SIGNING_KEY_BYTES = 32;
/** A configured secret shorter than this is not searched for: it would match by chance. */
export const MIN_SEARCHABLE_SECRET_BYTES = 8;
/** Of a secret of several lines, those at least this long are searched for one by one. */
export const MIN_SEARCHABLE_SECRET_LINE_BYTES = 16;
/** Data is searched for secrets in windows of this size ... */
export const SECRET_SEARCH_WINDOW_BYTES = 1 * MIB;
/** ... which overlap by this much: a token of MAX_TOKEN_BYTES in its longest encoding, or more where a secret is longer. */
export const SECRET_SEARCH_OVERLAP_BYTES = 384 * KIB;

/** `HMAC-SHA256-REQUEST` is accepted from this long before its issue time ... */
export const REQUEST_AUTH_EARLY_SECONDS = 60;
/** ... to this long after it (wire-format.md section 3). */
export const REQUEST_AUTH_LATE_SECONDS = 300;

/** A compact JWT. */
export const MAX_TOKEN_BYTES = 16 * KIB;
/** Tolerated difference between our clock and an issuer's. */
export const CLOCK_TOLERANCE_SECONDS = 60;
/** Age by `iat` beyond which a token is refused, unless configured. */
export const DEFAULT_TOKEN_AGE_SECONDS = 15 * 60;
/** The same for GitLab, whose token is issued when the job starts. */
export const GITLAB_TOKEN_AGE_SECONDS = 60 * 60;
/** A JSON Web Key Set, as file or as HTTP body. */
export const MAX_JWKS_BYTES = 256 * KIB;
export const MAX_JWKS_KEYS = 100;
/** Moduli of the RSA keys that may verify a token (design.md section 4). */
export const MIN_RSA_KEY_BITS = 2048;
export const MAX_RSA_KEY_BITS = 4096;
/** How long a fetched JWKS may be used (row 25). */
export const JWKS_CACHE_MS = 10 * 60 * 1000;
/** Body of a platform's token service. */
export const MAX_TOKEN_RESPONSE_BYTES = 64 * KIB;

/** Trust policy and keyring files. */
export const MAX_CONFIGURATION_FILE_BYTES = 1 * MIB;
/** Keys of one keyring, and repositories that one key speaks for. */
export const MAX_KEYRING_KEYS = 1_000;
export const MAX_KEY_REPOSITORIES = 1_000;
/** Characters of a key id. */
export const MAX_KEY_ID_LENGTH = 128;
/** A secret or private key that a keyring refers to. */
export const MAX_SECRET_FILE_BYTES = 16 * KIB;

/** A trust policy: its file, its rules, the values of one condition, and one value. */
export const MAX_TRUST_POLICY_BYTES = 128 * KIB;
export const MAX_TRUST_POLICY_RULES = 500;
export const MAX_TRUST_POLICY_VALUES = 500;
export const MAX_TRUST_POLICY_VALUE_LENGTH = 512;
/** Rules of which a refusal says where they stop; the rest is counted. */
export const MAX_TRUST_REASONS = 5;
/** Nesting of block indicators on one line of YAML, and the columns that a YAML block may be indented by. */
export const MAX_YAML_COMPACT_DEPTH = 8;
export const MAX_YAML_INDENT = 128;

/** The whole gate run, unless configured. */
export const DEFAULT_TIMEOUT_SECONDS = 60;
export const MAX_TIMEOUT_SECONDS = 3_600;

/** One try of an HTTP request; a silent server gets this long, then the next try, all inside the request's deadline. */
export const HTTP_ATTEMPT_MS = 8_000;
/** Tries of one HTTP request, the first included. */
export const HTTP_MAX_ATTEMPTS = 5;
/** Longest pause before the second try; it doubles with each further one ... */
export const HTTP_RETRY_BASE_MS = 400;
/** ... up to this. A server's Retry-After may ask for more. */
export const HTTP_RETRY_CAP_MS = 5_000;
/** Status line and headers of an HTTP answer. */
export const HTTP_MAX_HEADER_BYTES = 16 * KIB;
/** How long one address of a host may take to connect before the next is tried beside it. */
export const HTTP_NEXT_ADDRESS_MS = 1_000;

/** Asking a platform's token service, retries included. */
export const TOKEN_REQUEST_MS = 20_000;
/** How long an acquired token serves the further requests of the same run. */
export const TOKEN_REUSE_MS = 2 * 60 * 1000;
/** Fetching a JWKS, retries included. */
export const JWKS_REQUEST_MS = 15_000;
/** Unknown key ids lead to a new fetch at most this often, so that made-up ones cannot turn a verifier against the issuer. */
export const JWKS_REFRESH_INTERVAL_MS = 30 * 1000;

/** How long a writer waits for another writer of the same evidence stream to end. */
export const LOCK_WAIT_MS = 3_000;
/** Longest pause between two tries. */
export const LOCK_RETRY_CAP_MS = 200;
/** A holder of a stream's lock shows this often that it still lives ... */
export const LOCK_REFRESH_MS = 60_000;
/** ... and one that has not for so long, and whose process cannot be asked about from here, is taken for dead. */
export const LOCK_STALE_MS = 5 * LOCK_REFRESH_MS;

/** Evidence records that wait at the same time are written, and made durable, together: up to so many, or so many bytes. */
export const RECORDER_BATCH_RECORDS = 128;
export const RECORDER_BATCH_BYTES = 1 * MIB;
/** Pieces in which files of any size are read. */
export const FILE_CHUNK_BYTES = 256 * KIB;

/** Rows of a summary's table and its lists; the rest is counted. GitHub refuses a summary of more than 1 MiB. */
export const MAX_SUMMARY_ROWS = 50;
/** Characters of one text from outside in a summary; the evidence has it whole. */
export const MAX_SUMMARY_TEXT = 400;

/** One line to a daemon: a request of MAX_REQUEST_BYTES and what stands around it (weakness row 30). */
export const MAX_DAEMON_LINE_BYTES = MAX_REQUEST_BYTES + 4 * KIB;
/** One line from a daemon: a response repeats members of its request, and base64 makes it a third longer. */
export const MAX_DAEMON_ANSWER_BYTES = 8 * MIB;
/** Lines longer than this are worked on ... */
export const DAEMON_LONG_LINE_BYTES = 64 * KIB;
/** ... so many at a time: what a line becomes in memory can be twenty times as large as the line. */
export const DAEMON_LONG_LINES = 1;
/** How long a client may take to send one line, and to take each part of its answer. */
export const DAEMON_SEND_MS = 5_000;
export const MAX_DAEMON_CONNECTIONS = 128;
/** Lines that one connection may send. */
export const MAX_DAEMON_OPERATIONS = 1_000;
/** A daemon that is told to stop finishes what it was asked within this time, and is gone after DAEMON_STOP_MS. */
export const DAEMON_DRAIN_MS = 4_000;
export const DAEMON_STOP_MS = 5_000;
/** How long a client waits for one answer, and `daemon start` for the daemon. */
export const DAEMON_ANSWER_MS = 20_000;
export const DAEMON_START_MS = 15_000;
/** Node's threads for files in a daemon: so many streams are made durable at the same time. */
export const DAEMON_THREADS = '16';
/** Evidence streams that a daemon keeps open; the one that was longest unused is closed first. */
export const DAEMON_OPEN_STREAMS = 128;
/** Closed streams whose ends a daemon remembers, to notice a change. */
export const DAEMON_REMEMBERED_HEADS = 10_000;
/** Records of one run's stream, unless configured. */
export const DAEMON_STREAM_RECORDS = 10_000;
/** Evidence of refused requests that a daemon keeps for one day; beyond it, they are not answered at all. */
export const DAEMON_REFUSED_BYTES = 256 * MIB;
/** Evidence that a job takes from a daemon. */
export const MAX_DELIVERED_BYTES = 1024 * MIB;
/** Proofs that a daemon remembers at the same time, unless configured; it refuses more. */
export const DAEMON_REPLAY_ENTRIES = 262_144;
/** What a daemon remembers is kept together by the time at which it may be forgotten, in periods of this length. */
export const REPLAY_BUCKET_MS = 5 * 60 * 1000;
/** A daemon's log file; the one before is kept beside it. */
export const MAX_LOG_FILE_BYTES = 16 * MIB;
/** Characters of one text from outside in a daemon's log. */
export const MAX_LOG_TEXT = 400;
/** Longest path of a Unix socket on every system. */
export const MAX_SOCKET_PATH_BYTES = 103;

/** A program of an external runtime, and each other file of its package. */
export const MAX_RUNTIME_BYTES = 256 * MIB;
export const MAX_RUNTIME_PACKAGE_FILE_BYTES = 4 * MIB;
export const MAX_RUNTIME_PACKAGE_FILES = 200;
/** How long one command of an external runtime may take. */
export const RUNTIME_COMMAND_MS = 20_000;

/** A checkpoint's file. */
export const MAX_CHECKPOINT_BYTES = 4 * MIB;
/** Subjects of one checkpoint, and the characters of a subject's name. */
export const MAX_CHECKPOINT_SUBJECTS = 1_000;
export const MAX_SUBJECT_NAME_LENGTH = 1_024;
/** Checkpoints that one verification holds evidence against, and public keys that it is given. */
export const MAX_CHECKPOINTS = 1_000;
export const MAX_PUBLIC_KEYS = 1_000;
/** A file with public keys. */
export const MAX_PUBLIC_KEY_FILE_BYTES = 64 * KIB;
/** Key ids of records that a checkpoint names. */
export const MAX_CHECKPOINT_KEY_IDS = 1_000;

/** What a report for people remembers of a stream: buckets of its chart, ... */
export const MAX_STORY_BUCKETS = 120;
/** ... records at its beginning and its end, and refusals between them, ... */
export const MAX_STORY_FIRST_RECORDS = 100;
export const MAX_STORY_LAST_RECORDS = 10;
export const MAX_STORY_REFUSALS = 50;
/** ... rules, runners and spans of keys. The rest of each is counted. */
export const MAX_STORY_RULES = 50;
export const MAX_STORY_RUNNERS = 20;
export const MAX_STORY_KEY_SPANS = 60;
/** Characters of one text from outside in a report for people; the evidence has it whole. */
export const MAX_REPORT_TEXT = 400;
/** Rows of one table of that report, and findings that it lists. */
export const MAX_REPORT_ROWS = 60;
export const MAX_REPORT_LISTED_FINDINGS = 100;
/** So long before a key must be rotated the gate says so. */
export const ROTATION_NOTICE_MS = 21 * 24 * 60 * 60 * 1000;

/** A downloaded artifact: its file, its entries, what they hold together, ... */
export const MAX_ARCHIVE_BYTES = 2 * 1024 * MIB;
export const MAX_ARCHIVE_ENTRIES = 64;
export const MAX_ARCHIVE_CONTENT_BYTES = 16 * 1024 * MIB;
/** ... and how much larger than its compressed form an entry of more than 1 MiB may be: evidence is full of hashes. */
export const MAX_ARCHIVE_RATIO = 200;

/** An audit lists so many missing runs and exceptions; the rest is counted. */
export const MAX_AUDIT_LISTED = 1_000;
/** Characters of one text from a bundle in its line. */
export const MAX_AUDIT_TEXT = 300;
/** Parts that an audit can be divided into. */
export const MAX_AUDIT_SHARDS = 10_000;
/** Bundles of one audit on one machine. */
export const MAX_AUDIT_BUNDLES = 1_000_000;
/** One line of an audit's results, and a file of expected runs. */
export const MAX_AUDIT_LINE_BYTES = 256 * KIB;
export const MAX_EXPECTED_RUNS_BYTES = 64 * MIB;
/** Fewer bundles are verified without starting threads for them. */
export const AUDIT_THREADS_FROM = 16;
/** How many bundles an audit asks for ahead of the one whose line comes next. */
export const AUDIT_LOOKAHEAD = 256;
