import type { EvaluateRequest, RunnerIdentity } from '../wire/messages.ts';

/** How a runner proved who it is, and what of it is proven. */
export interface AuthenticatedRunner {
  readonly method: 'oidc' | 'hmac';
  readonly identity: RunnerIdentity;
  readonly keyId: string;
  /** Fields of the identity (wire names) that the proof covers ... */
  readonly verified: readonly (keyof RunnerIdentity)[];
  /** ... and those that are only the runner's word. */
  readonly unverified: readonly (keyof RunnerIdentity)[];
  /** The signed claims of an OIDC token; absent with HMAC. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** What a reader of the report must know, for example that replay cannot be noticed here. */
  readonly notes: readonly string[];
  /** What of the proof counts once; only from an authenticator that leaves the remembering to its caller. */
  readonly use?: ProofUse;
}

/** The part of a proof that tells it from every other one (design.md section 4, replay). */
export interface ProofUse {
  /** A `nonce` is taken once; a `token` asks the same question again and gets the same answer. */
  readonly kind: 'nonce' | 'token';
  /** Unique for the proof, with a token for the pair of token and question. */
  readonly id: string;
  /** From when on the proof is refused for its age, Unix milliseconds. */
  readonly refusedFrom: number;
}

/** Says whether an authenticated runner may pass for a request (design.md section 4). */
export interface TrustPolicyEvaluator {
  evaluate(runner: AuthenticatedRunner, request: EvaluateRequest): TrustDecision;
}

export type TrustDecision =
  | { readonly trusted: true /** Which rule let it pass. */; readonly rule: string }
  | { readonly trusted: false; readonly reason: string };
