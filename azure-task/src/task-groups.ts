/** Sections of the task's form. */
export const GROUPS = [
  { name: 'expectation', displayName: 'What passes', isExpanded: true, visibleRule: 'command = gate' },
  { name: 'trust', displayName: 'Who is trusted', isExpanded: true, visibleRule: 'command = gate' },
  { name: 'evidence', displayName: 'Evidence', isExpanded: false, visibleRule: 'command = gate' },
  { name: 'runtime', displayName: 'Runtime', isExpanded: false, visibleRule: 'command = gate' },
  { name: 'expected', displayName: 'What the evidence must be of', isExpanded: true, visibleRule: 'command = verify' },
] as const;

export type GroupName = (typeof GROUPS)[number]['name'];

/** The section of each input of the gate; one that is not here stands before all sections. */
export const GROUP_OF: Readonly<Record<string, GroupName>> = {
  expectedDecision: 'expectation',
  expectedRuleId: 'expectation',
  allowBlockingDecision: 'expectation',
  auth: 'trust',
  issuer: 'trust',
  audience: 'trust',
  jwksUrl: 'trust',
  jwks: 'trust',
  maxTokenAge: 'trust',
  trustPolicy: 'trust',
  trustPolicySha256: 'trust',
  rules: 'trust',
  keyRotation: 'trust',
  serviceConnection: 'trust',
  runtime: 'runtime',
  runtimeSha256: 'runtime',
  runtimePackage: 'runtime',
  runtimePublicKey: 'runtime',
  socket: 'runtime',
  daemonPublicKey: 'runtime',
  timeoutSeconds: 'runtime',
  evidenceDir: 'evidence',
  subjectPath: 'evidence',
  previousCheckpoint: 'evidence',
  uploadArtifact: 'evidence',
  artifactName: 'evidence',
  retentionDays: 'evidence',
};
