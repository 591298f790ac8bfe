/** A checkpoint of a trusted key, as far as the records under it are concerned: somebody else's word for when they existed. */
export interface CheckpointAnchor {
  /** It stands for the records 1 to this one. */
  readonly records: number;
  /** When it was made, Unix milliseconds. */
  readonly timeMs: number;
}

/** Whether a record stands under a checkpoint. */
export function isAnchored(anchors: readonly CheckpointAnchor[], record: number): boolean {
  return anchors.some(({ records }) => records >= record);
}

/** Whether a record stands under a checkpoint that is older than a moment. */
export function isAnchoredBefore(anchors: readonly CheckpointAnchor[], record: number, momentMs: number): boolean {
  return anchors.some(({ records, timeMs }) => records >= record && timeMs < momentMs);
}
