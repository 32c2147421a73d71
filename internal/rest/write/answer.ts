import { JSON_MEDIA_TYPE } from '../../schema/codec/index.js';
import type { RestDeps } from '../deps.js';
import { GZIP_THRESHOLD_BYTES } from '../gzip.js';
import { respondStatus, respondStored } from '../respond.js';
import { withLineEnd } from '../json-scan.js';
import type { ApiRequest, Reply } from '../types.js';
import type { Kind } from './target.js';

/** Whether the client takes the stored form as it is. */
function isPlain(request: ApiRequest, kind: Kind): boolean {
  if (!kind.sameVersion || kind.strategy.converter !== undefined) return false;
  const accept = request.header('accept');
  if (accept !== '' && accept !== '*/*' && accept !== JSON_MEDIA_TYPE) return false;
  if (request.query.has('pretty')) return false;
  const agent = request.header('user-agent');
  return !(agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}

/** Answers with an object given in its storage version as JSON; the bytes themselves when the client takes them so. */
export function answerStored(
  deps: RestDeps,
  request: ApiRequest,
  kind: Kind,
  value: Buffer,
  status: number,
  warnings: readonly string[],
): Reply | Promise<Reply> {
  if (value.length <= GZIP_THRESHOLD_BYTES && isPlain(request, kind)) {
    return warnings.length === 0
      ? { status, contentType: JSON_MEDIA_TYPE, body: withLineEnd(value) }
      : { status, contentType: JSON_MEDIA_TYPE, body: withLineEnd(value), warnings };
  }
  return respondStored(deps, request, kind.def, value, status, warnings);
}

/** Answers with a Status of success; `code` is in the body only where kube-apiserver puts it there. */
export function answerSuccess(
  request: ApiRequest,
  code: number,
  details: Readonly<Record<string, string>> | undefined,
  codeInBody: boolean,
  warnings: readonly string[] = [],
): Reply {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
    ...(codeInBody ? { code } : {}),
  };
  const reply = respondStatus(request, status, code);
  return warnings.length === 0 ? reply : { ...reply, warnings };
}
