import type { JsonObject } from '../machinery/json.js';

/** One component that a kubelet keeps running from a file in its manifests directory. */
export interface StaticPod {
  readonly component: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Directories or files of the host, mounted at the same path. */
  readonly mounts: readonly HostMount[];
  readonly cpu: string;
  readonly port: number;
  /** Where the kubelet asks, as this machine reaches it. */
  readonly host: string;
  readonly probes: { readonly liveness: string; readonly readiness: string | undefined; readonly startup: string };
}

export interface HostMount {
  readonly path: string;
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate';
  readonly writable?: boolean;
}

/** A static pod, in the shape of kubeadm's. */
export function staticPodManifest(pod: StaticPod): JsonObject {
  const { component, host, port, probes } = pod;
  const probe = (path: string, failureThreshold: number, periodSeconds: number): JsonObject => ({
    failureThreshold,
    httpGet: { host, path, port, scheme: 'HTTPS' },
    periodSeconds,
    timeoutSeconds: 15,
  });
  const names = pod.mounts.map(({ path }) =>
    path
      .replace(/^\//, '')
      .replaceAll(/[^a-z0-9]+/gi, '-')
      .toLowerCase(),
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: component, namespace: 'kube-system', labels: { component, tier: 'control-plane' } },
    spec: {
      containers: [
        {
          name: component,
          image: pod.image,
          imagePullPolicy: 'IfNotPresent',
          command: [...pod.command],
          livenessProbe: { ...probe(probes.liveness, 8, 10), initialDelaySeconds: 10 },
          ...(probes.readiness === undefined ? {} : { readinessProbe: probe(probes.readiness, 3, 1) }),
          startupProbe: { ...probe(probes.startup, 24, 10), initialDelaySeconds: 10 },
          resources: { requests: { cpu: pod.cpu } },
          volumeMounts: pod.mounts.map(({ path, writable }, i) => ({
            name: names[i] ?? '',
            mountPath: path,
            ...(writable === true ? {} : { readOnly: true }),
          })),
        },
      ],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: pod.mounts.map(({ path, type }, i) => ({ name: names[i] ?? '', hostPath: { path, type } })),
    },
  };
}
