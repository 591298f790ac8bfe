import type { StreamStory } from '../../domain/story/stream-shape.ts';
import type { KeyUse } from '../../domain/verification/signatures.ts';
import type { KeyLine, NamedKeyPeriod, ReportInput } from '../model/model.ts';
import { utc } from '../model/prose.ts';
import { KEY_STATUS } from '../model/words.ts';
import { recordsText } from './chain.ts';

/** The keys that signed the stream, where in it, and when they may. */
export function keysOf({ verification, story, keys = [] }: ReportInput): readonly KeyLine[] {
  return (verification?.keys ?? []).map((use) => ({
    id: use.status === 'others' ? 'others' : use.key_id,
    tone: KEY_STATUS[use.status].tone,
    status: KEY_STATUS[use.status].words,
    records: use.records,
    used: usedIn(use, story),
    period: periodOf(keys.find(({ id }) => id === use.key_id)),
  }));
}

function usedIn({ key_id: id, status }: KeyUse, story: StreamStory | undefined): string {
  if (status === 'others') return '';
  const spans = (story?.keySpans ?? []).filter(({ key }) => typeof key === 'object' && key.id === id);
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return '';
  return spans.length === 1 ? recordsText(first.from, last.to) : `among ${recordsText(first.from, last.to)}`;
}

function periodOf(key: NamedKeyPeriod | undefined): string {
  if (key === undefined) return '';
  const parts = [
    key.notBefore === undefined ? '' : `from ${instant(key.notBefore)}`,
    key.notAfter === undefined ? '' : `until ${instant(key.notAfter)}`,
    key.revokedAt === undefined ? '' : `revoked at ${instant(key.revokedAt)}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no period is set' : parts.join(', ');
}

/** To the second; the keyring's reader has made sure that it is a time. */
function instant(ms: number): string {
  return utc(`${new Date(ms).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`);
}
