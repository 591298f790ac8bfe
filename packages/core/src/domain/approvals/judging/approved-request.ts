import { createHash } from 'node:crypto';
import { parseRequest } from '../../request/parse.ts';
import type { ApprovedRequest } from './facts.ts';

/**
 * A request as approvals are of it: by the digest of its exact bytes, and by what stands in them, whatever the gate fills in later.
 *
 * @param path of its file; null: it was given inline
 * @throws ConfigurationError CAVRA-E204, CAVRA-E205 it is no request
 */
export function approvedRequest(bytes: Uint8Array, path: string | null): ApprovedRequest {
  const { target, release_governance: { release_version, metadata_kind, approval_required_count } = {} } =
    parseRequest(bytes);
  const count = approval_required_count ?? 0n;
  return {
    name: path === null ? null : path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    target: target || null,
    releaseVersion: release_version || null,
    metadataKind: metadata_kind || null,
    requiredCount: count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Math.max(Number(count), 0),
  };
}
