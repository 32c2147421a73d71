import * as k8s from '@kubernetes/client-node';
import { Elector, type LeaseTimes } from './elector.js';
import { followConfigMaps, type RunningInformer } from './informer.js';

const RETRY_MS = 200;

export interface CopierOptions {
  readonly kc: k8s.KubeConfig;
  readonly namespace: string;
  readonly identity: string;
  readonly times: LeaseTimes;
  readonly onLead: (identity: string, isLeader: boolean) => void;
}

/**
 * A controller as small as they come: for every ConfigMap labelled `role=source` it keeps one labelled `role=copy`
 * with the same data. It works from informers and a queue, and only while it leads.
 */
export class Copier {
  private readonly queue = new Set<string>();
  private readonly api: k8s.CoreV1Api;
  private sources: RunningInformer | undefined;
  private readonly elector: Elector;
  private working = false;
  private stopped = false;

  private constructor(private readonly options: CopierOptions) {
    this.api = options.kc.makeApiClient(k8s.CoreV1Api);
    this.elector = new Elector(
      options.kc.makeApiClient(k8s.CoordinationV1Api),
      { namespace: options.namespace, name: 'copier' },
      options.identity,
      options.times,
      (isLeader) => {
        options.onLead(options.identity, isLeader);
        if (isLeader) this.enqueueAll();
      },
    );
  }

  static async start(options: CopierOptions): Promise<Copier> {
    const copier = new Copier(options);
    copier.sources = await followConfigMaps(options.kc, options.namespace, 'role=source', (_event, object) => {
      copier.enqueue(object.metadata?.name ?? '');
    });
    return copier;
  }

  get leads(): boolean {
    return this.elector.isLeader;
  }

  /** Ends without giving the lease back. */
  async die(): Promise<void> {
    this.stopped = true;
    await this.elector.die();
    await this.sources?.stop();
  }

  private enqueueAll(): void {
    for (const source of this.sources?.list() ?? []) this.enqueue(source.metadata?.name ?? '');
  }

  private enqueue(name: string): void {
    this.queue.add(name);
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (const name of this.queue) {
      if (this.stopped || !this.elector.isLeader) break;
      this.queue.delete(name);
      try {
        await this.reconcile(name);
      } catch (e) {
        if (!(e instanceof Error)) throw e;
        setTimeout(() => this.enqueue(name), RETRY_MS); // a conflict, or a replica that just died
      }
    }
    this.working = false;
  }

  private async reconcile(name: string): Promise<void> {
    const { namespace } = this.options;
    const copyName = `copy-of-${name}`;
    const source = this.sources?.get(name);
    const copy = await this.api.readNamespacedConfigMap({ name: copyName, namespace }).catch((e: unknown) => {
      if (e instanceof k8s.ApiException && e.code === 404) return undefined;
      throw e;
    });
    if (source === undefined) {
      if (copy !== undefined) await this.api.deleteNamespacedConfigMap({ name: copyName, namespace });
      return;
    }
    const data = source.data ?? {};
    if (copy === undefined) {
      const metadata = { name: copyName, labels: { role: 'copy' } };
      await this.api.createNamespacedConfigMap({ namespace, body: { metadata, data } });
    } else if (copy.data?.['seq'] !== data['seq']) {
      await this.api.replaceNamespacedConfigMap({ name: copyName, namespace, body: Object.assign(copy, { data }) });
    }
  }
}
