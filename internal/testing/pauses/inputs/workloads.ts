import { type Input, ITEMS, KEYS, members, NAMESPACED, OWNED, POST, times } from '../input.js';

const meta = { generateName: 'w-' };
const POD = `${NAMESPACED}/pods`;
const pod = (spec: unknown): unknown => ({
  metadata: meta,
  spec: { containers: [{ name: 'c', image: 'i' }], ...(spec as object) },
});
const container = (more: unknown): unknown => pod({ containers: [{ name: 'c', image: 'i', ...(more as object) }] });

/** Lists whose items are compared with each other: names, ports and keys that must be there once. */
export const workloads: readonly Input[] = [
  // Each gets some ten fields more, of which there may be 65,536.
  POST('containers', POD, () => pod({ containers: times(3_000, (i) => ({ name: `c${i}`, image: 'i' })) })),
  POST('containers of one name', POD, () => pod({ containers: times(OWNED, () => ({ name: `c`, image: 'i' })) }), {
    refused: [422],
  }),
  POST('ports', POD, () =>
    container({ ports: times(OWNED, (i) => ({ containerPort: (i % 65_000) + 1, hostPort: (i % 65_000) + 1 })) }),
  ),
  POST('named ports', POD, () =>
    container({ ports: times(OWNED, (i) => ({ containerPort: (i % 65_000) + 1, name: `p${i}` })) }),
  ),
  POST('variables', POD, () => container({ env: times(OWNED, (i) => ({ name: `E${i}`, value: 'v' })) })),
  POST('variables of one name', POD, () => container({ env: times(OWNED, () => ({ name: `E`, value: '$(E)' })) })),
  POST('volumes', POD, () => pod({ volumes: times(OWNED, (i) => ({ name: `v${i}`, emptyDir: {} })) })),
  POST('volumes and their mounts', POD, () =>
    pod({
      containers: [
        { name: 'c', image: 'i', volumeMounts: times(2_400, (i) => ({ name: `v${i}`, mountPath: `/m${i}` })) },
      ],
      volumes: times(2_400, (i) => ({ name: `v${i}`, emptyDir: {} })),
    }),
  ),
  POST('tolerations', POD, () => pod({ tolerations: times(ITEMS, (i) => ({ key: `k${i}`, operator: 'Exists' })) })),
  POST('spread constraints', POD, () =>
    pod({
      topologySpreadConstraints: times(OWNED, (i) => ({
        maxSkew: 1,
        topologyKey: `k${i}`,
        whenUnsatisfiable: 'DoNotSchedule',
      })),
    }),
  ),
  POST('node selector terms', POD, () =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: times(12_000, (i) => ({
              matchExpressions: [{ key: `k${i}`, operator: 'In', values: ['a'] }],
            })),
          },
        },
      },
    }),
  ),
  POST('a node selector term of many values', POD, () =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'k', operator: 'In', values: times(ITEMS, (i) => `v${i}`) }] },
            ],
          },
        },
      },
    }),
  ),
  POST('host aliases', POD, () => pod({ hostAliases: times(OWNED, (i) => ({ ip: '1.2.3.4', hostnames: [`h${i}`] })) })),
  POST('pull secrets', POD, () => pod({ imagePullSecrets: times(OWNED, (i) => ({ name: `s${i}` })) })),
  POST('scheduling gates', POD, () => pod({ schedulingGates: times(OWNED, (i) => ({ name: `e.com/g${i}` })) })),
  POST('system controls', POD, () =>
    pod({ securityContext: { sysctls: times(ITEMS, (i) => ({ name: `kernel.shm${i}`, value: '1' })) } }),
  ),
  POST('resource claims', POD, () =>
    pod({ resourceClaims: times(OWNED, (i) => ({ name: `c${i}`, resourceClaimName: 'x' })) }),
  ),
  POST('a deployment whose selector has many values', '/apis/apps/v1/namespaces/default/deployments', () => ({
    metadata: meta,
    spec: {
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: times(ITEMS, (i) => `v${i}`) }] },
      template: { metadata: { labels: { a: 'v1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })),
  POST('a deployment whose selector has many requirements', '/apis/apps/v1/namespaces/default/deployments', () => ({
    metadata: meta,
    spec: {
      selector: { matchExpressions: times(ITEMS, (i) => ({ key: `a${i}`, operator: 'DoesNotExist' })) },
      template: { metadata: { labels: { a: 'v1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })),
  POST('a service of many ports', `${NAMESPACED}/services`, () => ({
    metadata: meta,
    spec: { ports: times(OWNED, (i) => ({ name: `p${i}`, port: (i % 65_000) + 1 })) },
  })),
  POST('endpoints of many addresses', `${NAMESPACED}/endpoints`, () => ({
    metadata: meta,
    subsets: [{ addresses: times(ITEMS, (i) => ({ ip: `10.${i % 200}.${(i >> 8) % 250}.1` })), ports: [{ port: 1 }] }],
  })),
  POST('endpoints of many subsets', `${NAMESPACED}/endpoints`, () => ({
    metadata: meta,
    subsets: times(12_000, (i) => ({
      addresses: [{ ip: `10.${i % 200}.${(i >> 8) % 250}.1` }],
      ports: [{ port: i + 1 }],
    })),
  })),
  POST(
    'a slice of 1,000 endpoints and 100 ports',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    () => ({
      metadata: meta,
      addressType: 'IPv4',
      endpoints: times(1_000, (i) => ({ addresses: [`10.${i % 200}.${(i >> 8) % 250}.1`] })),
      ports: times(100, (i) => ({ name: `p${i}`, port: 1 })),
    }),
  ),
  POST('an ingress of many rules', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', () => ({
    metadata: meta,
    spec: {
      rules: times(6_000, (i) => ({
        host: `h${i}.com`,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } } }] },
      })),
    },
  })),
  POST('a network policy of many peers', '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', () => ({
    metadata: meta,
    spec: {
      podSelector: {},
      ingress: [
        {
          from: times(12_000, () => ({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } })),
          ports: times(12_000, (i) => ({ port: i + 1 })),
        },
      ],
    },
  })),
  POST(
    'a network policy block with many exceptions',
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    () => ({
      metadata: meta,
      spec: {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: times(ITEMS, (i) => `10.${i % 250}.0.0/16`) } }] }],
      },
    }),
  ),
  POST('a quota of many resources', `${NAMESPACED}/resourcequotas`, () => ({
    metadata: meta,
    spec: { hard: members(KEYS, (i) => [`count/r${i}.e.com`, '1']) },
  })),
  POST('a limit range of many items', `${NAMESPACED}/limitranges`, () => ({
    metadata: meta,
    spec: { limits: times(ITEMS, () => ({ type: 'Container', max: { cpu: '1' } })) },
  })),
  POST(
    'webhooks in one configuration',
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    () => ({
      metadata: meta,
      webhooks: times(1_500, (i) => ({
        name: `w${i}.e.com`,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Ignore',
        objectSelector: { matchLabels: { never: 'there' } },
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules: [{ apiGroups: ['none.e.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nones'] }],
      })),
    }),
    { path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All' },
  ),
  POST('an autoscaler of many metrics', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', () => ({
    metadata: meta,
    spec: {
      maxReplicas: 2,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: times(9_000, () => ({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      })),
    },
  })),
  POST('a disruption budget with a large selector', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', () => ({
    metadata: meta,
    spec: { minAvailable: 1, selector: { matchLabels: members(KEYS, (i) => [`k${i}`, 'v']) } },
  })),
  POST(
    'a flow schema of many rules',
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    () => ({
      metadata: meta,
      spec: {
        matchingPrecedence: 9000,
        priorityLevelConfiguration: { name: 'exempt' },
        rules: times(6_000, (i) => ({
          subjects: [{ kind: 'User', user: { name: `u${i}` } }],
          resourceRules: [{ apiGroups: ['none'], resources: ['none'], verbs: ['get'], namespaces: ['none'] }],
        })),
      },
    }),
    { path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?dryRun=All' },
  ),
  POST('a storage class of many parameters', '/apis/storage.k8s.io/v1/storageclasses', () => ({
    metadata: meta,
    provisioner: 'e.com/p',
    parameters: members(500, (i) => [`k${i}`, 'v']),
  })),
  POST('a node of many images and taints', '/api/v1/nodes', () => ({
    metadata: { name: 'big-node' },
    status: { images: times(15_000, (i) => ({ names: [`i${i}`], sizeBytes: i })) },
    spec: { taints: times(4_500, (i) => ({ key: `k${i}`, effect: 'NoSchedule' })) },
  })),
  POST(
    'a policy of many rules',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    () => ({
      metadata: meta,
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['none.e.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nones'] },
          ],
        },
        validations: times(1_000, (i) => ({ expression: `object.metadata.name != "n${i}"` })),
      },
    }),
    { path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All' },
  ),
  POST(
    'a policy of one long expression',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    () => ({
      metadata: meta,
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['none.e.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nones'] },
          ],
        },
        validations: [
          { expression: `${'('.repeat(200)}true${')'.repeat(200)}` },
          { expression: `true${' && true'.repeat(2_000)}` },
        ],
      },
    }),
    { path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All' },
  ),
];
