/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/** `size` cryptographically random bytes. */
export type RandomBytes = (size: number) => Uint8Array;
