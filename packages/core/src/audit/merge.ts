import type { AuditHead, AuditSummary, BundleLine, ExpectedRun } from '../domain/audit/audit-lines.ts';
import { readAuditLine } from '../domain/audit/read-line.ts';
import { WHOLE } from '../domain/audit/shard.ts';
import { AuditSummarizer } from '../domain/audit/summary.ts';
import { ConfigurationError } from '../domain/diagnosis.ts';

/** A file of results. */
export interface AuditFile {
  /** As named, for messages. */
  readonly name: string;
  /** Its lines without their line ends. */
  lines(): AsyncIterable<Uint8Array>;
}

/**
 * Puts the results of shards together, and adds them up anew.
 *
 * @param tell told the head of the whole, then each bundle's line, file by file
 * @throws ConfigurationError CAVRA-E225 a file is no result of an audit, is not whole, is of another question or of a shard that is here
 *   already; CAVRA-E216 it cannot be read
 */
export async function mergeAudits(
  files: readonly AuditFile[],
  expected: readonly ExpectedRun[] | undefined,
  tell: (line: AuditHead | BundleLine) => void,
): Promise<AuditSummary> {
  const summarizer = new AuditSummarizer(expected);
  const heads: AuditHead[] = [];
  for (const file of files) {
    await readFile(file, (line) => {
      if (line.kind === 'bundle') {
        summarizer.add(line);
        tell(line);
        return;
      }
      refuseOther(line, heads, file.name);
      if (heads.length === 0) tell({ ...line, shard: WHOLE });
      heads.push(line);
    });
  }
  return summarizer.summary(false, missingShards(heads));
}

async function readFile(file: AuditFile, add: (line: AuditHead | BundleLine) => void): Promise<void> {
  let number = 0;
  let isWhole = false;
  for await (const bytes of file.lines()) {
    number += 1;
    const source = `${file.name} line ${number}`;
    const line = readAuditLine(bytes, source);
    if ((line.kind === 'audit') !== (number === 1) || isWhole) throw refusal(`${source} is out of place`);
    if (line.kind === 'summary') {
      if (line.lacksShards) throw refusal(`${file.name} is a merged audit that lacks shards; merge its parts again`);
      isWhole = true;
    } else {
      add(line);
    }
  }
  if (!isWhole) throw refusal(`${file.name} is not whole: its audit did not end`);
}

function refuseOther(head: AuditHead, others: readonly AuditHead[], name: string): void {
  const [first] = others;
  if (first !== undefined && (head.question !== first.question || head.shard.total !== first.shard.total)) {
    throw refusal(
      `${name} is of another audit than the files before it: other keys, expectations, version or number of shards`,
    );
  }
  if (others.some(({ shard }) => shard.index === head.shard.index)) {
    throw refusal(`${name} is shard ${head.shard.index} again`);
  }
}

function missingShards(heads: readonly AuditHead[]): readonly number[] {
  const here = new Set(heads.map(({ shard }) => shard.index));
  const total = heads[0]?.shard.total ?? 0;
  return Array.from({ length: total }, (_, index) => index + 1).filter((index) => !here.has(index));
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('CAVRA-E225', message);
}
