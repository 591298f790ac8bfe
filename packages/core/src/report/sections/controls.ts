import type { ControlLine, ReportInput, Tone } from '../model/model.ts';
import { type Prose, say } from '../model/prose.ts';

/** How far this evidence goes towards controls that auditors ask for. It never says that a control is met. */
export function controlsOf(input: ReportInput): readonly ControlLine[] {
  const proof = standingOf(input);
  return CONTROLS.map(({ shows, ...control }) => ({
    ...control,
    tone: proof.tone,
    standing: proof.standing,
    shows: proof.usable ? shows : say`Nothing, as it stands: ${proof.because}`,
  }));
}

interface Standing {
  readonly usable: boolean;
  readonly tone: Tone;
  readonly standing: string;
  readonly because: string;
}

function standingOf({ verification, story }: ReportInput): Standing {
  const no = (because: string): Standing => ({ usable: false, tone: 'bad', standing: 'not supported', because });
  if (verification === undefined) return no('there is no verified evidence.');
  if (!verification.valid) return no('evidence that does not verify, or is not what was expected, supports nothing.');
  if (verification.signatures !== 'checked' && verification.checkpoint !== 'valid') {
    return no('no signature was checked, so its author is not known.');
  }
  if (story !== undefined && story.unauthenticated > 0)
    return no('a record says that its runner was not authenticated.');
  return { usable: true, tone: 'neutral', standing: 'supported in part', because: '' };
}

const CONTROLS: readonly {
  readonly id: string;
  readonly framework: string;
  readonly asks: string;
  readonly shows: Prose;
  readonly leaves: string;
}[] = [
  {
    id: 'PS.3.2',
    framework: 'NIST SSDF (SP 800-218)',
    asks: 'Collect, safeguard, maintain and share provenance data for the components of each release.',
    shows: say`Which job of which repository and commit asked for the release, what was decided and why, in a form that shows every change.`,
    leaves:
      'How the components were built and what they contain (build provenance, SBOM), and keeping this file for as long as you must.',
  },
  {
    id: '10.3',
    framework: 'PCI DSS v4',
    asks: 'Audit logs are protected from destruction and unauthorised modification.',
    shows: say`10.3.4 for this log: any changed, added, moved or removed record is detected when it is verified; see the end of the stream for records cut off last.`,
    leaves:
      '10.3.1 to 10.3.3: who may read and write it, and a prompt backup to a store that is hard to alter. Detection does not bring anything back.',
  },
  {
    id: 'CC8.1',
    framework: 'SOC 2 (Trust Services Criteria)',
    asks: 'Changes are authorised, designed, tested, approved and implemented under control.',
    shows: say`That this change stood before a gate which could stop it, what approval it stated, by which rule it was decided, and when.`,
    leaves:
      'Design, review and tests of the change, and whether the stated approval was really given by somebody entitled to it.',
  },
  {
    id: 'A.8.15',
    framework: 'ISO/IEC 27001:2022',
    asks: 'Logs of activities, exceptions and other relevant events are produced, stored, protected and analysed.',
    shows: say`Produced and protected: each decision and each failed authentication is recorded before it is answered, and tampering shows.`,
    leaves: 'Storing it for your retention period, analysing it, and synchronised clocks (A.8.17).',
  },
  {
    id: 'A.8.32',
    framework: 'ISO/IEC 27001:2022',
    asks: 'Changes to information systems are subject to change management.',
    shows: say`That the release was subject to the gate’s rules, with the result and its reason on record.`,
    leaves: 'The procedure itself: assessing risk, planning a way back, telling those affected.',
  },
];
