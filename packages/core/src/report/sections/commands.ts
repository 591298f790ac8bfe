import { CHECKPOINT_FILE, STREAM_FILE } from '../../domain/evidence/files.ts';
import type { VerificationReport } from '../../domain/verification/report.ts';
import type { RunnerIdentity } from '../../domain/wire/messages.ts';
import type { AuditCommand, ReportInput } from '../model/model.ts';
import { code, type Prose, say } from '../model/prose.ts';

const PROGRAM = 'cavra-release-governance';

/** What an auditor can run in the folder of the evidence to check it without trusting this page. */
export function commandsOf(input: ReportInput): readonly AuditCommand[] {
  const { verification } = input;
  if (verification === undefined) return [];
  const file = streamName(verification);
  const evidence = file === STREAM_FILE ? '.' : file;
  const expectations = expectationOptions(input);
  return [
    {
      purpose: say`Check every record, link and signature, and that it is the evidence of this run. The keyring names the evidence keys; they stay in your secret store.${expectations.left}`,
      command: [`${PROGRAM} verify ${evidence} --keyring keyring.json`, ...expectations.options].join(CONTINUED),
      output: '',
    },
    ...(verification.checkpoint === 'absent'
      ? []
      : [
          {
            purpose: say`Check the same without any secret, by the checkpoint and its public key.`,
            command: [`${PROGRAM} verify ${evidence} --public-key ${PUBLIC_KEY}`, ...expectations.options].join(
              CONTINUED,
            ),
            output: '',
          },
          {
            purpose: say`Check the checkpoint’s signature without this product: the first four lines with OpenSSL, the last that the files are those which it names.`,
            command: CHECKPOINT_BY_HAND,
            output: '',
          },
        ]),
    {
      purpose: say`Check hashes and links alone, with no key at all. This finds damage, but not a forger.`,
      command: `${PROGRAM} verify ${evidence} --integrity-only`,
      output: '',
    },
    {
      purpose: say`Check that these are the bytes which this report is about.`,
      command: `sha256sum ${file}`,
      output: `${verification.sha256}  ${file}`,
    },
  ];
}

const PUBLIC_KEY = 'release-attestation.pub.pem';

/** The signature covers the pre-authentication encoding of DSSE: the statement, behind its type and both their lengths. */
const CHECKPOINT_BY_HAND = `jq -r .dsseEnvelope.payload ${CHECKPOINT_FILE} | base64 -d > statement.json
jq -r '.dsseEnvelope.signatures[0].sig' ${CHECKPOINT_FILE} | base64 -d > statement.sig
printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < statement.json)" | cat - statement.json > statement.pae
openssl pkeyutl -verify -pubin -inkey ${PUBLIC_KEY} -rawin -in statement.pae -sigfile statement.sig
jq -r '.subject[] | select(.digest.sha256) | .digest.sha256 + "  " + .name' statement.json | sha256sum -c --ignore-missing`;

const CONTINUED = ' \\\n  ';

/** Names that mean nothing to any shell. */
const PLAIN_WORD = /^[A-Za-z0-9][A-Za-z0-9._/@:+-]*$/;

function streamName({ path }: VerificationReport): string {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return PLAIN_WORD.test(name) ? name : STREAM_FILE;
}

interface Expectations {
  readonly options: readonly string[];
  /** Says which ones could not be written down. */
  readonly left: Prose;
}

/** The options that hold the evidence to this run; a value that a shell could read as anything but itself is left out. */
function expectationOptions(input: ReportInput): Expectations {
  const values = expectedValues(input).filter(([, value]) => value !== '');
  const left = values.filter(([, value]) => !PLAIN_WORD.test(value)).map(([name]) => `--${name}`);
  return {
    options: values.filter(([, value]) => PLAIN_WORD.test(value)).map(([name, value]) => `--${name} ${value}`),
    left:
      left.length === 0
        ? []
        : say` Not shown: ${code(left.join(', '))}, with a value that a shell would not take for itself.`,
  };
}

function expectedValues({
  gate,
  story,
  verification,
}: ReportInput): readonly (readonly [name: string, value: string])[] {
  const identity = gate?.identity ?? onlyRunner(story?.runners) ?? {};
  const decision = verification?.expectations?.decision ?? worstOf(story?.decisions);
  return [
    ['expect-provider', identity.provider ?? ''],
    ['expect-repository', identity.repository ?? ''],
    ['expect-ref', identity.ref ?? ''],
    ['expect-sha', identity.sha ?? ''],
    ['expect-run-id', identity.run_id ?? ''],
    ['expect-decision', decision],
  ];
}

function onlyRunner(runners: readonly { readonly identity: RunnerIdentity }[] = []): RunnerIdentity | undefined {
  return runners.length === 1 ? runners[0]?.identity : undefined;
}

function worstOf(
  decisions: { readonly allow: number; readonly require_approval: number; readonly block: number } | undefined,
): string {
  if (decisions === undefined) return '';
  if (decisions.block > 0) return 'block';
  if (decisions.require_approval > 0) return 'require_approval';
  return decisions.allow > 0 ? 'allow' : '';
}
