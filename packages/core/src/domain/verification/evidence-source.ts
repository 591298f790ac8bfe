import type { SideFiles } from './folder-check.ts';

/** Reads the next bytes of a stream into `into`; gives how many they are, 0 only at its end. */
export type ByteReader = (into: Uint8Array) => number | Promise<number>;

/** An evidence folder, or a stream by itself. */
export interface EvidenceSource {
  /** Of the stream. */
  readonly path: string;
  /** Bytes of the stream, as far as known when it was opened. */
  readonly size: number;
  /** The stream in pieces; each is valid only until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The stream from its beginning, to be read into memory of the caller; undefined where it comes only in chunks. */
  reader?(): ByteReader;
  /** The files beside the stream; undefined when the stream was named by itself. */
  readonly sideFiles: SideFiles | undefined;
  /** The checkpoint's bundle beside the stream. */
  readonly checkpoint: Uint8Array | undefined;
  close(): Promise<void>;
}
