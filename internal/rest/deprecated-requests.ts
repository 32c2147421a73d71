import type { RequestInfo } from './types.js';

const NAME = 'apiserver_requested_deprecated_apis';
/** Deprecated versions of custom resources are clients' texts: so many are told apart at most. */
const MAX_LABELS = 1_000;
const labels = new Set<string>();

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A deprecated API was asked for. None of them has a release in which it goes. */
export function requestedDeprecated({ group, version, resource, subresource }: RequestInfo): void {
  if (labels.size >= MAX_LABELS) return;
  const [g, v, r, s] = [group, version, resource, subresource].map(escaped);
  labels.add(`group="${g}",removed_release="",resource="${r}",subresource="${s}",version="${v}"`);
}

/** Prometheus text format. */
export function* deprecatedRequests(): Generator<string> {
  yield `# HELP ${NAME} Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.\n# TYPE ${NAME} gauge\n`;
  for (const label of labels) yield `${NAME}{${label}} 1\n`;
}
