import * as k8s from '@kubernetes/client-node';

export type Event = 'add' | 'update' | 'delete';

export interface RunningInformer {
  readonly get: (name: string) => k8s.V1ConfigMap | undefined;
  readonly list: () => readonly k8s.V1ConfigMap[];
  /** Times that a broken watch was taken up again. */
  readonly restarts: () => number;
  stop(): Promise<void>;
}

/**
 * Follows the ConfigMaps with a label as `@kubernetes/client-node` does. Its informer ends with every broken
 * connection, and taking it up again is left to its user: so here. It then goes on from the last version that it saw.
 */
export async function followConfigMaps(
  kc: k8s.KubeConfig,
  namespace: string,
  labelSelector: string,
  on: (event: Event, object: k8s.V1ConfigMap) => void,
): Promise<RunningInformer> {
  const api = kc.makeApiClient(k8s.CoreV1Api);
  const informer = k8s.makeInformer(
    kc,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => api.listNamespacedConfigMap({ namespace, labelSelector }),
    labelSelector,
  );
  for (const event of ['add', 'update', 'delete'] as const) informer.on(event, (object) => on(event, object));
  let stopped = false;
  let restarts = 0;
  const restart = (): void => {
    restarts++;
    if (!stopped) setTimeout(() => void informer.start().catch(restart), 50);
  };
  informer.on('error', restart);
  await informer.start();
  return {
    get: (name) => informer.get(name, namespace),
    list: () => informer.list(namespace),
    restarts: () => restarts,
    stop: async () => {
      stopped = true;
      await informer.stop();
    },
  };
}
