/**
 * Every way in which a command can end other than well: a stable code, the exit status it leads to, and one sentence of what to do.
 * `docs/errors.md` is generated from this table. The first digit of a code is its exit status (interfaces.md).
 */

/** Exit status of every command (interfaces.md). */
export const EXIT = {
  pass: 0,
  gateSaysNo: 1,
  configuration: 2,
  notAuthenticated: 3,
  evidenceInvalid: 4,
  runtimeFailed: 5,
  secretFound: 6,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

export interface Diagnosis {
  /** What happened, as a headline. */
  readonly title: string;
  /** What the reader should do. */
  readonly action: string;
}

const GATE_SAYS_NO = {
  'CAVRA-E101': {
    title: 'the decision is not the expected one',
    action:
      'read the reason and the rule in the result, mend the release record or get the approval, and run the gate again',
  },
  'CAVRA-E102': {
    title: 'the decision was made by another rule than the expected one',
    action: 'compare expected-rule-id with the rule in the result',
  },
  'CAVRA-E103': {
    title: 'a block was expected, but passing on a block is not allowed',
    action:
      'set allow-blocking-decision to true where a block is meant to pass the job, as in a test of the gate itself',
  },
} as const satisfies Record<string, Diagnosis>;

const CONFIGURATION = {
  'CAVRA-E201': {
    title: 'the configuration is wrong',
    action: 'correct each setting named above; --help lists every option with its environment variable',
  },
  'CAVRA-E202': {
    title: 'no request was given',
    action: 'name a request file, set request-json, or write one with `request new`',
  },
  'CAVRA-E203': {
    title: 'a request cannot be read',
    action: 'check that the file exists, is a regular file and not a link, is readable and at most 1 MiB',
  },
  'CAVRA-E204': {
    title: 'a request is not valid',
    action: 'correct the member named above; `request lint FILE` checks a request against the published schema',
  },
  'CAVRA-E205': {
    title: 'a request carries authentication or trust settings',
    action: 'remove them: a request states what is released, the job’s configuration states who is trusted',
  },
  'CAVRA-E206': {
    title: 'no evidence key is configured',
    action:
      'set CAVRA_DAEMON_EVIDENCE_HMAC_KEY (at least 32 bytes) and CAVRA_DAEMON_EVIDENCE_KEY_ID from the secret store, or --ephemeral-keys for a local trial',
  },
  'CAVRA-E207': {
    title: 'a signing key is too weak or unusable',
    action: 'generate a key of 256 random bits with `keys generate`, and let the keyring have it as its active one',
  },
  'CAVRA-E208': {
    title: 'the evidence folder cannot be used',
    action:
      'point evidence-dir to a folder that is no link, lies outside of what others can write, and is writable by this job',
  },
  'CAVRA-E209': {
    title: 'the keyring cannot be used',
    action: 'correct the keyring file; its JSON Schema is schemas/keyring.schema.json',
  },
  'CAVRA-E210': {
    title: 'the trust policy cannot be used',
    action: 'correct the policy file; `policy lint FILE` explains each problem',
  },
  'CAVRA-E211': {
    title: 'the OIDC trust is incomplete or not pinned',
    action:
      'set issuer, audience and jwks-url (or jwks) together, or leave all of them out where the platform has a default',
  },
  'CAVRA-E212': {
    title: 'a pull request may not choose what is trusted',
    action:
      'remove the override from this pull-request job, or pin the file by its SHA-256 in the protected configuration',
  },
  'CAVRA-E213': {
    title: 'the verification of TLS certificates is switched off',
    action: 'unset NODE_TLS_REJECT_UNAUTHORIZED and name a private authority with NODE_EXTRA_CA_CERTS instead',
  },
  'CAVRA-E214': {
    title: 'ephemeral keys are for local trials only',
    action: 'configure real keys on this CI platform; ephemeral evidence proves nothing to an auditor',
  },
  'CAVRA-E215': {
    title: 'nothing would be checked',
    action:
      'give a key (CAVRA_DAEMON_EVIDENCE_HMAC_KEY or --keyring for the signatures, --public-key for the checkpoint), or say --integrity-only to check only hashes and links',
  },
  'CAVRA-E216': {
    title: 'a file that was named cannot be read',
    action: 'check the path and the permissions',
  },
  'CAVRA-E217': {
    title: 'the command line is wrong',
    action: 'run the command with --help',
  },
  'CAVRA-E218': {
    title: 'a pinned digest does not match its file',
    action: 'compare the file with the reviewed one; update the pin only after a review of the change',
  },
  'CAVRA-E219': {
    title: 'a file cannot be written',
    action: 'check the path, the permissions and the space on the volume',
  },
  'CAVRA-E220': {
    title: 'a key is past its quarter',
    action: 'rotate the key: make one for this quarter, sign with it, and keep the old one for verification only',
  },
  'CAVRA-E221': {
    title: 'the job has no suitable Node.js',
    action: 'run the job in an image with Node.js 20.19 or later; in the GitLab template the input image names it',
  },
  'CAVRA-E222': {
    title: 'a private key cannot be used',
    action:
      'give an Ed25519 private key, unencrypted, in PKCS#8 as PEM or as one line of base64; `keys generate --purpose attestation` makes one',
  },
  'CAVRA-E223': {
    title: 'a public key cannot be used',
    action: 'give the Ed25519 public key in PEM (BEGIN PUBLIC KEY), as `keys generate` writes it',
  },
  'CAVRA-E224': {
    title: 'a secret would be printed where others can read it',
    action: 'name a file for it with --secret-file, or run the command in a terminal',
  },
  'CAVRA-E225': {
    title: 'an audit’s file cannot be used',
    action:
      'give files as `audit --format jsonl` wrote them, of the same version, keys and expectations; a state of another question is to be deleted',
  },
  'CAVRA-E230': {
    title: 'the daemon’s configuration is wrong',
    action: 'correct each member named above; its JSON Schema is schemas/daemon.schema.json',
  },
  'CAVRA-E231': {
    title: 'the daemon’s socket cannot be used',
    action:
      'give the socket a folder of its own that only the daemon’s user may write to, with nothing else at the socket’s path',
  },
  'CAVRA-E232': {
    title: 'the external runtime is not pinned',
    action:
      'set runtime-sha256 to the digest of the reviewed binary, or runtime-package and runtime-public-key to a signed package; or leave runtime out to use the embedded one',
  },
  'CAVRA-E233': {
    title: 'the runtime package cannot be trusted',
    action: 'get the package again from where it is published, and compare the pinned public key with the publisher’s',
  },
  'CAVRA-E234': {
    title: 'it is not known whose answers to believe',
    action:
      'set daemon-public-key to the daemon’s public key; towards a daemon that signs no answers, give the evidence key instead',
  },
} as const satisfies Record<string, Diagnosis>;

const NOT_AUTHENTICATED = {
  'CAVRA-E301': {
    title: 'the runner has nothing to authenticate with',
    action:
      'let the job have the platform’s OIDC token (GitHub: permissions id-token: write; GitLab: id_tokens; Azure: the task or System.AccessToken), or set CAVRA_RUNNER_AUTH_HMAC_KEY',
  },
  'CAVRA-E302': {
    title: 'the runner’s identity is incomplete or ambiguous',
    action: 'check provider and repository and remove line ends from the CAVRA_RUNNER_* values',
  },
  'CAVRA-E303': {
    title: 'the runner’s signature is not valid',
    action: 'check that the job and the daemon hold the same runner key under the same key id',
  },
  'CAVRA-E304': {
    title: 'the runner’s proof is too old or from the future',
    action: 'synchronise the clocks of runner and daemon and run the job again',
  },
  'CAVRA-E305': {
    title: 'the runner’s proof was used before',
    action: 'run the job again; if it repeats, somebody replays recorded proofs',
  },
  'CAVRA-E306': {
    title: 'this kind of proof is not accepted here',
    action: 'use the authentication that the daemon is configured for, or allow the other one there by name',
  },
  'CAVRA-E307': {
    title: 'the runner key is not allowed to sign now or for this repository',
    action: 'check status, period and repositories of the key in the keyring',
  },
  'CAVRA-E308': {
    title: 'it cannot be known whether the runner’s proof is new',
    action:
      'wait a few minutes and run the job again; too many proofs came at once, which may be an attack on the daemon',
  },
  'CAVRA-E310': {
    title: 'the job may not ask for an OIDC token',
    action: 'give the job `permissions: id-token: write`; pull requests from forks and by Dependabot cannot have it',
  },
  'CAVRA-E311': {
    title: 'no OIDC token was given to this job',
    action: 'declare the token for this job (GitLab: id_tokens with the audience; Azure: map System.AccessToken)',
  },
  'CAVRA-E312': {
    title: 'the token service refused',
    action: 'check the job’s permission to ask for a token; the status that the service gave is above',
  },
  'CAVRA-E313': {
    title: 'the token service cannot be reached or is failing',
    action: 'run the job again; check the platform’s status page and the runner’s proxy and certificates',
  },
  'CAVRA-E314': {
    title: 'the keys of the issuer (JWKS) cannot be had',
    action: 'run the job again; check jwks-url, the runner’s proxy and certificates',
  },
  'CAVRA-E315': {
    title: 'the OIDC token is malformed',
    action: 'give the platform’s token unchanged; nothing but a compact signed JWT is accepted',
  },
  'CAVRA-E316': {
    title: 'the OIDC token’s signature is not valid',
    action: 'check that issuer and jwks-url belong together; a token signed by another key is a forgery',
  },
  'CAVRA-E317': {
    title: 'the OIDC token is from another issuer or for another audience',
    action: 'pin the issuer and audience that this platform really uses; they are compared exactly',
  },
  'CAVRA-E318': {
    title: 'the OIDC token is expired, too old or from the future',
    action: 'ask for the token right before the gate and synchronise the runner’s clock',
  },
  'CAVRA-E319': {
    title: 'the claimed identity contradicts the OIDC token',
    action: 'remove overrides of the runner identity; the token says which job this is',
  },
  'CAVRA-E320': {
    title: 'the runner is not trusted for this request',
    action: '`policy explain` shows which rule of the trust policy stops it',
  },
} as const satisfies Record<string, Diagnosis>;

const EVIDENCE_INVALID = {
  'CAVRA-E401': {
    title: 'the evidence is not valid',
    action: 'keep it as it is and see the findings in the verification report; do not release on it',
  },
  'CAVRA-E402': {
    title: 'the evidence does not meet the expectations',
    action: 'compare the expected run, repository, commit and decision with those in the evidence',
  },
  'CAVRA-E403': {
    title: 'no evidence was found',
    action: 'check the path and that the gate’s artifact was published and downloaded',
  },
  'CAVRA-E404': {
    title: 'the evidence of this run was changed before the gate continued it',
    action: 'find the step that writes into the evidence folder; keep the folder for the investigation',
  },
  'CAVRA-E405': {
    title: 'a checkpoint does not verify',
    action: 'check that the file is as the gate wrote it, and that the public key or keyring is that of its signer',
  },
  'CAVRA-E406': {
    title: 'the audit is not clean',
    action:
      'see the lines that are not VALID, the missing runs and the missing shards; `verify` tells more of one bundle',
  },
} as const satisfies Record<string, Diagnosis>;

const RUNTIME_FAILED = {
  'CAVRA-E501': {
    title: 'the evidence could not be written',
    action: 'free disk space or mend the volume and run the gate again; records acknowledged before are safe',
  },
  'CAVRA-E502': {
    title: 'another process writes this evidence',
    action: 'let the other one end, or give each gate its own evidence-dir',
  },
  'CAVRA-E503': {
    title: 'the evidence stream was removed or replaced while the gate ran',
    action: 'find the process that touches the evidence folder and run the gate again',
  },
  'CAVRA-E504': {
    title: 'the run took longer than its deadline',
    action: 'raise timeout-seconds, or see which step was slow in the timings',
  },
  'CAVRA-E505': {
    title: 'the record is too large to be written',
    action: 'make the request smaller; one record may have 16 MiB',
  },
  'CAVRA-E506': {
    title: 'the evidence could not be published',
    action:
      'run the job again when the artifact service is well; the evidence is still in the evidence folder on the runner',
  },
  'CAVRA-E507': {
    title: 'the gate was stopped before it had finished',
    action: 'run the job again; what the gate had recorded until then is in the evidence',
  },
  'CAVRA-E508': {
    title: 'the program of the gate was changed',
    action: 'include the template again from where it is published, and pin it by its digest or commit',
  },
  'CAVRA-E520': {
    title: 'the daemon cannot be reached',
    action:
      'check that the daemon runs (`daemon status`), the path of its socket, and that this user may connect to it',
  },
  'CAVRA-E521': {
    title: 'the answer is not from the pinned daemon',
    action:
      'compare daemon-public-key with the daemon’s; if they agree, somebody else listens on the socket: find out who before any release',
  },
  'CAVRA-E522': {
    title: 'another daemon is running',
    action: 'stop the other one first, or give this one a socket, state folder and evidence folder of its own',
  },
  'CAVRA-E523': {
    title: 'the daemon did not answer the request',
    action: 'see the reason above and the daemon’s log; run the job again when the daemon is well',
  },
  'CAVRA-E524': {
    title: 'the external runtime failed',
    action: 'see what it said above; check its version and that it runs on this machine by itself',
  },
  'CAVRA-E525': {
    title: 'the external runtime allowed what the rules do not',
    action: 'release on the stricter decision, or set rules to compatible to accept how the Go runtime decides',
  },
  'CAVRA-E526': {
    title: 'the daemon could not be started or stopped',
    action: 'see the reason above and the daemon’s log',
  },
  'CAVRA-E599': {
    title: 'the gate failed for a reason of its own',
    action: 'report it with the message above as a defect; the gate has failed closed',
  },
} as const satisfies Record<string, Diagnosis>;

const SECRET_FOUND = {
  'CAVRA-E601': {
    title: 'a secret stands in the request',
    action: 'remove it from the request and rotate it: whoever could read the request has it',
  },
  'CAVRA-E602': {
    title: 'a secret stands in the evidence folder',
    action: 'the file was withheld; rotate the secret and find what wrote it there',
  },
} as const satisfies Record<string, Diagnosis>;

export const DIAGNOSES = {
  ...GATE_SAYS_NO,
  ...CONFIGURATION,
  ...NOT_AUTHENTICATED,
  ...EVIDENCE_INVALID,
  ...RUNTIME_FAILED,
  ...SECRET_FOUND,
} as const;

export type GateSaysNoCode = keyof typeof GATE_SAYS_NO;
export type ConfigurationCode = keyof typeof CONFIGURATION;
export type AuthenticationCode = keyof typeof NOT_AUTHENTICATED;
export type EvidenceCode = keyof typeof EVIDENCE_INVALID;
export type RuntimeCode = keyof typeof RUNTIME_FAILED;
export type SecretCode = keyof typeof SECRET_FOUND;
/** Every diagnosis code there is. */
export type DiagnosisCode = keyof typeof DIAGNOSES;

/** The exit status that a code leads to: its first digit. */
export function exitStatusOf(code: DiagnosisCode): ExitStatus {
  return Number(code.charAt('CAVRA-E'.length)) as ExitStatus;
}

/**
 * The base of every error that a caller is meant to see. `message` says what failed and what was expected, in lower case, with no
 * final period and never with a secret; `action` says what to do.
 */
export abstract class CavraError<Code extends DiagnosisCode = DiagnosisCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  get exitStatus(): ExitStatus {
    return exitStatusOf(this.code);
  }

  get action(): string {
    return DIAGNOSES[this.code].action;
  }
}

/** The gate ran well and says no. Exit status 1. */
export class GateSaysNoError extends CavraError<GateSaysNoCode> {}
/** Inputs, environment, files or command line are wrong. Exit status 2. */
export class ConfigurationError extends CavraError<ConfigurationCode> {}
/** The runner could not be authenticated or is not trusted. Exit status 3. */
export class AuthenticationError extends CavraError<AuthenticationCode> {}
/** Evidence is invalid, missing or of something else. Exit status 4. */
export class EvidenceError extends CavraError<EvidenceCode> {}
/** The runtime, the daemon or the machine failed. Exit status 5. */
export class RuntimeFailure extends CavraError<RuntimeCode> {}
/** A secret stands where it must not. Exit status 6. */
export class SecretFoundError extends CavraError<SecretCode> {}

/** Wraps what nobody foresaw, so that it still ends in one clear sentence and a failed gate. */
export function asCavraError(error: unknown): CavraError {
  if (error instanceof CavraError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeFailure('CAVRA-E599', message, { cause: error });
}
