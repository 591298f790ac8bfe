/** A file of the repository, to be written. */
export interface PlannedFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Something that is left to do, and the commands that do it. */
export interface InitStep {
  readonly text: string;
  readonly commands: readonly string[];
}

export interface InitPlan {
  readonly files: readonly PlannedFile[];
  readonly steps: readonly InitStep[];
}

/** A trust policy of the plan, as the pipeline names and pins it. */
export interface PinnedPolicy {
  readonly path: string;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
}
