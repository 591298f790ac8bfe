import type { AuditSummary, BundleLine, ExpectedRun } from '../domain/audit/audit-lines.ts';
import { AuditSummarizer } from '../domain/audit/summary.ts';
import { AUDIT_LOOKAHEAD } from '../domain/limits.ts';

/** An evidence folder, a downloaded artifact or a stream that was found. */
export interface FoundBundle {
  /** Below a path as given, with slashes. */
  readonly path: string;
  /** Bytes of its files. */
  readonly size: number;
  /** Changes when its files do; see AuditState. */
  readonly fingerprint: string;
}

/** What an audit that was stopped has found before. */
export interface AuditState {
  /** The line of a bundle that was found valid and has not changed since. */
  known(bundle: FoundBundle): BundleLine | undefined;
  add(bundle: FoundBundle, line: BundleLine): Promise<void>;
}

export interface AuditPorts {
  /** Verifies one bundle; several are asked for at the same time. What is wrong with it is in its line. */
  verify(path: string): Promise<BundleLine>;
  readonly state: AuditState | undefined;
  /** Told each bundle's line, in the order of the bundles. */
  tell(line: BundleLine): void;
  /** Told how many bytes of how many are done. */
  progress(done: number, total: number): void;
}

/**
 * Verifies many bundles.
 *
 * @param mayBeEmpty whether there need be no bundle, as in one shard of few
 * @param expected runs for which there must be evidence; undefined: nothing is known of that
 */
export async function audit(
  bundles: readonly FoundBundle[],
  mayBeEmpty: boolean,
  expected: readonly ExpectedRun[] | undefined,
  ports: AuditPorts,
): Promise<AuditSummary> {
  const summarizer = new AuditSummarizer(expected);
  const total = bundles.reduce((sum, { size }) => sum + size, 0);
  const pending: { readonly bundle: FoundBundle; readonly line: Promise<BundleLine> }[] = [];
  let done = 0;
  const finishFirst = async (): Promise<void> => {
    const first = pending.shift();
    if (first === undefined) return;
    const line = await first.line;
    summarizer.add(line);
    ports.tell(line);
    done += first.bundle.size;
    ports.progress(done, total);
  };
  for (const bundle of bundles) {
    const line = lineOf(bundle, ports);
    // It may fail while others are waited for; whoever waits for it still gets the error.
    line.catch(() => undefined);
    pending.push({ bundle, line });
    if (pending.length > AUDIT_LOOKAHEAD) await finishFirst();
  }
  while (pending.length > 0) await finishFirst();
  return summarizer.summary(mayBeEmpty);
}

async function lineOf(bundle: FoundBundle, { verify, state }: AuditPorts): Promise<BundleLine> {
  const known = state?.known(bundle);
  if (known !== undefined) {
    const { fingerprint: _own, ...line } = known;
    return line;
  }
  const line = await verify(bundle.path);
  await state?.add(bundle, line);
  return line;
}
