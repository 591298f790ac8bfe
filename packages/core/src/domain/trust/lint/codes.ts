/**
 * Every habit that the linter names. `danger`: lets somebody pass who should not; `caution`: proves less than it seems to;
 * `mistake`: does not do what it says. `docs/trust-policy.md` lists this table.
 */
export type LintLevel = 'danger' | 'caution' | 'mistake';

export interface LintRule {
  readonly level: LintLevel;
  readonly explanation: string;
  readonly fix: string;
}

export const LINT_RULES = {
  'name-without-id': {
    level: 'caution',
    explanation: 'a name can be given up and taken by somebody else, a numeric id cannot',
    fix: 'match the id as well, or instead',
  },
  'wide-repository': {
    level: 'danger',
    explanation: 'every repository of the owner may pass, also one that somebody creates or forks there tomorrow',
    fix: 'name each repository, or narrow the rule by a workflow that all of them must call (job_workflow_ref, ci_config_ref_uri, def_id)',
  },
  'wildcard-alone': {
    level: 'danger',
    explanation: 'a pattern of nothing but * matches every value and so checks nothing',
    fix: 'name the values, or leave the condition out if any value will do',
  },
  'prefix-pattern': {
    level: 'danger',
    explanation: 'a * right after a letter or digit also matches what merely begins alike: repo* matches repo-evil',
    fix: 'name the values, or put the * after a separator that others cannot use, as in release/*',
  },
  'pull-request-event': {
    level: 'danger',
    explanation: 'a pull or merge request runs what is not reviewed yet, and its author can edit the job',
    fix: 'gate after the merge; keep the event only for requests that release nothing',
  },
  'pull-request-target': {
    level: 'danger',
    explanation: 'pull_request_target runs with the rights of the base beside data that a fork chose',
    fix: 'use another event; nothing that a fork can start should release',
  },
  'outsider-event': {
    level: 'danger',
    explanation:
      'the event can be caused by outsiders, runs what is not merged yet, or hides the event which started it',
    fix: 'name only events that somebody with write access starts, such as push or workflow_dispatch, web or schedule',
  },
  'pull-request-ref': {
    level: 'danger',
    explanation: 'the ref holds what is not merged yet',
    fix: 'match refs/heads/… of a protected branch',
  },
  'any-ref': {
    level: 'danger',
    explanation: 'the rule names neither ref nor environment, so whoever can push any branch can pass',
    fix: 'match the ref of a protected branch, an environment that reviewers guard, or both',
  },
  'unprotected-branch': {
    level: 'caution',
    explanation: 'whoever may push to the branch can pass; that it is protected is neither asked for nor proven',
    fix: 'match an environment that reviewers guard, or ref_protected: true',
  },
  'movable-tag': {
    level: 'caution',
    explanation: 'a tag can be moved to other content by whoever may push tags',
    fix: 'match ref_protected: true and protect the tags, or match an environment that reviewers guard',
  },
  'trailing-slash-issuer': {
    level: 'mistake',
    explanation:
      'issuers are compared exactly, and those of the CI platforms do not end in a slash: the rule matches nothing, or another issuer than is meant',
    fix: 'take the slash away',
  },
  'no-environment': {
    level: 'caution',
    explanation:
      'the rule lets production requests pass without an environment: that reviewers let the job go ahead is not proven',
    fix: 'match the environment that guards production; scope the rule to other requests where there is none',
  },
  'unprotected-environment': {
    level: 'caution',
    explanation: 'the environment alone says only what the job calls itself; whether it is protected is another claim',
    fix: 'match environment_protected: true as well',
  },
  'unscoped-requests': {
    level: 'caution',
    explanation: 'the rule lets every request pass, approvals and promotions included',
    fix: 'scope the rule by requests: metadata_kind, target or release_channel',
  },
  'hmac-beside-oidc': {
    level: 'caution',
    explanation: 'whoever holds the HMAC key can claim any repository, ref or actor, past what the OIDC rules ask for',
    fix: 'drop the hmac rule where the platform issues tokens, or scope it to requests that release nothing',
  },
  'shadowed-rule': {
    level: 'mistake',
    explanation: 'an earlier rule matches whatever this one does, so that this one never decides',
    fix: 'remove it, or put it before the wider rule',
  },
  'never-matches': {
    level: 'mistake',
    explanation: 'no token of the platform can meet the condition',
    fix: 'correct the value; `policy explain` shows what a token says',
  },
  'unknown-value': {
    level: 'mistake',
    explanation: 'the value is none that is documented, perhaps misspelt',
    fix: 'correct the spelling, or ignore this if the platform has a newer value',
  },
} as const satisfies Record<string, LintRule>;

export type LintCode = keyof typeof LINT_RULES;
