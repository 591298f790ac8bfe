/** Remembers what may be used only once, until it has expired by itself. */
export interface NonceMemory {
  /**
   * Takes a nonce.
   *
   * @param expiresAtMs from when on the proof that carries it is refused for its age, so that the nonce may be forgotten
   * @param nowMs the present; both are Unix milliseconds
   * @returns `full` when it cannot be remembered: the proof must then be refused, not accepted unseen
   */
  take(nonce: string, expiresAtMs: number, nowMs: number): 'taken' | 'used' | 'full';
}

/** A memory in this process. It never forgets a nonce before its time: when full of live ones it refuses. */
export function createNonceMemory(capacity: number): NonceMemory {
  const expiries = new Map<string, number>();
  return {
    take(nonce, expiresAtMs, nowMs) {
      const known = expiries.get(nonce);
      if (known !== undefined && nowMs < known) {
        return 'used';
      }
      if (known === undefined && expiries.size >= capacity) {
        dropExpired(expiries, nowMs);
        if (expiries.size >= capacity) {
          return 'full';
        }
      }
      expiries.set(nonce, expiresAtMs);
      return 'taken';
    },
  };
}

function dropExpired(expiries: Map<string, number>, nowMs: number): void {
  for (const [nonce, expiresAtMs] of expiries) {
    if (nowMs >= expiresAtMs) {
      expiries.delete(nonce);
    }
  }
}
