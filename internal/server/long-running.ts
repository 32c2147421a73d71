import type { RequestInfo } from '../rest/types.js';

const NAME = 'apiserver_longrunning_requests';

/** Long-running requests that are answered now, by the labels of kube-apiserver. */
export class LongRunning {
  private readonly counts = new Map<string, number>();

  /** One begins; the function that is returned is to be called once when it is over. */
  begin(labels: string): () => void {
    this.change(labels, 1);
    return () => this.change(labels, -1);
  }

  /** Prometheus text format. */
  *render(): Generator<string> {
    yield `# HELP ${NAME} Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.\n# TYPE ${NAME} gauge\n`;
    for (const [labels, count] of this.counts) yield `${NAME}{${labels}} ${count}\n`;
  }

  private change(labels: string, by: number): void {
    this.counts.set(labels, (this.counts.get(labels) ?? 0) + by);
  }
}

/** What a request asks for, as a label: one thing, those of a namespace, or all; '' for other paths. */
export function scopeOf({ isResourceRequest, name, namespace }: RequestInfo): string {
  if (!isResourceRequest) return '';
  return name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
}
