import { type Input, members, NAMESPACED, POST, times } from '../input.js';

const meta = { generateName: 'w-' };
const POD = `${NAMESPACED}/pods`;
const pod = (spec: unknown): unknown => ({
  metadata: meta,
  spec: { containers: [{ name: 'c', image: 'i' }], ...(spec as object) },
});
const container = (more: unknown): unknown => pod({ containers: [{ name: 'c', image: 'i', ...(more as object) }] });

/** Lists whose items are compared with each other: names, ports and keys that must be there once. */
export const workloads: readonly Input[] = [
  POST('30,000 containers', POD, () => pod({ containers: times(30_000, (i) => ({ name: `c${i}`, image: 'i' })) })),
  POST('30,000 containers of one name', POD, () =>
    pod({ containers: times(30_000, () => ({ name: `c`, image: 'i' })) }),
  ),
  POST('50,000 ports', POD, () =>
    container({ ports: times(50_000, (i) => ({ containerPort: (i % 65_000) + 1, hostPort: (i % 65_000) + 1 })) }),
  ),
  POST('40,000 named ports', POD, () =>
    container({ ports: times(40_000, (i) => ({ containerPort: (i % 65_000) + 1, name: `p${i}` })) }),
  ),
  POST('80,000 variables', POD, () => container({ env: times(80_000, (i) => ({ name: `E${i}`, value: 'v' })) })),
  POST('80,000 variables of one name', POD, () =>
    container({ env: times(80_000, () => ({ name: `E`, value: '$(E)' })) }),
  ),
  POST('40,000 volumes', POD, () => pod({ volumes: times(40_000, (i) => ({ name: `v${i}`, emptyDir: {} })) })),
  POST('30,000 volumes and their mounts', POD, () =>
    pod({
      containers: [
        { name: 'c', image: 'i', volumeMounts: times(20_000, (i) => ({ name: `v${i}`, mountPath: `/m${i}` })) },
      ],
      volumes: times(20_000, (i) => ({ name: `v${i}`, emptyDir: {} })),
    }),
  ),
  POST('50,000 tolerations', POD, () =>
    pod({ tolerations: times(50_000, (i) => ({ key: `k${i}`, operator: 'Exists' })) }),
  ),
  POST('20,000 spread constraints', POD, () =>
    pod({
      topologySpreadConstraints: times(20_000, (i) => ({
        maxSkew: 1,
        topologyKey: `k${i}`,
        whenUnsatisfiable: 'DoNotSchedule',
      })),
    }),
  ),
  POST('20,000 node selector terms', POD, () =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: times(20_000, (i) => ({
              matchExpressions: [{ key: `k${i}`, operator: 'In', values: ['a'] }],
            })),
          },
        },
      },
    }),
  ),
  POST('a node selector term of 200,000 values', POD, () =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'k', operator: 'In', values: times(200_000, (i) => `v${i}`) }] },
            ],
          },
        },
      },
    }),
  ),
  POST('50,000 host aliases', POD, () =>
    pod({ hostAliases: times(50_000, (i) => ({ ip: '1.2.3.4', hostnames: [`h${i}`] })) }),
  ),
  POST('30,000 pull secrets', POD, () => pod({ imagePullSecrets: times(80_000, (i) => ({ name: `s${i}` })) })),
  POST('30,000 scheduling gates', POD, () => pod({ schedulingGates: times(80_000, (i) => ({ name: `e.com/g${i}` })) })),
  POST('30,000 system controls', POD, () =>
    pod({ securityContext: { sysctls: times(60_000, (i) => ({ name: `kernel.shm${i}`, value: '1' })) } }),
  ),
  POST('20,000 resource claims', POD, () =>
    pod({ resourceClaims: times(30_000, (i) => ({ name: `c${i}`, resourceClaimName: 'x' })) }),
  ),
  POST('a deployment whose selector has 200,000 values', '/apis/apps/v1/namespaces/default/deployments', () => ({
    metadata: meta,
    spec: {
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: times(200_000, (i) => `v${i}`) }] },
      template: { metadata: { labels: { a: 'v1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })),
  POST('a deployment whose selector has 40,000 requirements', '/apis/apps/v1/namespaces/default/deployments', () => ({
    metadata: meta,
    spec: {
      selector: { matchExpressions: times(40_000, (i) => ({ key: `a${i}`, operator: 'DoesNotExist' })) },
      template: { metadata: { labels: { a: 'v1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })),
  POST('a service of 40,000 ports', `${NAMESPACED}/services`, () => ({
    metadata: meta,
    spec: { ports: times(40_000, (i) => ({ name: `p${i}`, port: (i % 65_000) + 1 })) },
  })),
  POST('endpoints of 60,000 addresses', `${NAMESPACED}/endpoints`, () => ({
    metadata: meta,
    subsets: [{ addresses: times(60_000, (i) => ({ ip: `10.${i % 200}.${(i >> 8) % 250}.1` })), ports: [{ port: 1 }] }],
  })),
  POST('endpoints of 30,000 subsets', `${NAMESPACED}/endpoints`, () => ({
    metadata: meta,
    subsets: times(30_000, (i) => ({
      addresses: [{ ip: `10.${i % 200}.${(i >> 8) % 250}.1` }],
      ports: [{ port: i + 1 }],
    })),
  })),
  POST('a slice of 30,000 endpoints', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', () => ({
    metadata: meta,
    addressType: 'IPv4',
    endpoints: times(30_000, (i) => ({ addresses: [`10.${i % 200}.${(i >> 8) % 250}.1`] })),
    ports: times(20_000, (i) => ({ name: `p${i}`, port: 1 })),
  })),
  POST('an ingress of 30,000 rules', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', () => ({
    metadata: meta,
    spec: {
      rules: times(15_000, (i) => ({
        host: `h${i}.com`,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } } }] },
      })),
    },
  })),
  POST('a network policy of 40,000 peers', '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', () => ({
    metadata: meta,
    spec: {
      podSelector: {},
      ingress: [
        {
          from: times(20_000, () => ({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } })),
          ports: times(40_000, (i) => ({ port: i + 1 })),
        },
      ],
    },
  })),
  POST(
    'a network policy block with 100,000 exceptions',
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    () => ({
      metadata: meta,
      spec: {
        podSelector: {},
        ingress: [
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: times(100_000, (i) => `10.${i % 250}.0.0/16`) } }] },
        ],
      },
    }),
  ),
  POST('a quota of 100,000 resources', `${NAMESPACED}/resourcequotas`, () => ({
    metadata: meta,
    spec: { hard: members(100_000, (i) => [`count/r${i}.e.com`, '1']) },
  })),
  POST('a limit range of 20,000 items', `${NAMESPACED}/limitranges`, () => ({
    metadata: meta,
    spec: { limits: times(30_000, () => ({ type: 'Container', max: { cpu: '1' } })) },
  })),
  POST(
    '10,000 webhooks in one configuration',
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    () => ({
      metadata: meta,
      webhooks: times(8000, (i) => ({
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
  POST('an autoscaler of 15,000 metrics', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', () => ({
    metadata: meta,
    spec: {
      maxReplicas: 2,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: times(15_000, () => ({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      })),
    },
  })),
  POST('a disruption budget with a large selector', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', () => ({
    metadata: meta,
    spec: { minAvailable: 1, selector: { matchLabels: members(100_000, (i) => [`k${i}`, 'v']) } },
  })),
  POST(
    'a flow schema of 20,000 rules',
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    () => ({
      metadata: meta,
      spec: {
        matchingPrecedence: 9000,
        priorityLevelConfiguration: { name: 'exempt' },
        rules: times(10_000, (i) => ({
          subjects: [{ kind: 'User', user: { name: `u${i}` } }],
          resourceRules: [{ apiGroups: ['none'], resources: ['none'], verbs: ['get'], namespaces: ['none'] }],
        })),
      },
    }),
    { path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?dryRun=All' },
  ),
  POST('a storage class of 100,000 parameters', '/apis/storage.k8s.io/v1/storageclasses', () => ({
    metadata: meta,
    provisioner: 'e.com/p',
    parameters: members(100_000, (i) => [`k${i}`, 'v']),
  })),
  POST('a node of 100,000 images', '/api/v1/nodes', () => ({
    metadata: { name: 'big-node' },
    status: { images: times(80_000, (i) => ({ names: [`i${i}`], sizeBytes: i })) },
    spec: { taints: times(20_000, (i) => ({ key: `k${i}`, effect: 'NoSchedule' })) },
  })),
  POST(
    'a policy of 5,000 rules',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    () => ({
      metadata: meta,
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['none.e.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nones'] },
          ],
        },
        validations: times(5000, (i) => ({ expression: `object.metadata.name != "n${i}"` })),
      },
    }),
    { path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All' },
  ),
  POST(
    'a policy of one expression of 1 MB',
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
          { expression: `${'('.repeat(500_000)}true${')'.repeat(500_000)}` },
          { expression: `true${' && true'.repeat(100_000)}` },
        ],
      },
    }),
    { path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All' },
  ),
];
