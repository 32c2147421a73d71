import {
  APPLY,
  type Input,
  ITEMS,
  KEYS,
  members,
  must,
  NAMESPACED,
  OTHER_ITEMS,
  OWNED,
  PATCH,
  POST,
  times,
} from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define, DEFINITIONS } from './patches.js';

const GROUP = '/apis/pauses.example.com/v1/namespaces/default';
const PROPERTIES = 12_000;
/** So that two schemas stand in one definition. */
const NARROWER = 8_000;
const schemaOf = (n: number, more: object = {}): object => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties: members(n, (i) => [`p${i}`, { type: 'string', description: 'A text.' }]) },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ...more,
  },
});
const wide = (name: object, value = 'v'): unknown => ({
  apiVersion: 'pauses.example.com/v1',
  kind: 'Broad',
  metadata: name,
  spec: members(PROPERTIES, (i) => [`p${i}`, value]),
});

/** A definition of as many properties as may be, and one object of it. */
async function broad(replica: MeasuredReplica): Promise<void> {
  await define(replica, 'broads', schemaOf(PROPERTIES), { subresources: { status: {} } });
  await must(replica, 'POST', `${GROUP}/broads`, wide({ name: 'kept' }));
}
const BROAD = `${DEFINITIONS}/broads.pauses.example.com`;
const get = (name: string, path: string, accept = 'application/json'): Input => ({
  name,
  method: 'GET',
  path,
  options: { headers: { accept } },
});
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** What is large in one way or another, and taken. */
export const large: readonly Input[] = [
  PATCH('a label on a definition of many properties', 'merge', BROAD, () => ({ metadata: { labels: { a: 'b' } } }), {
    prepare: broad,
  }),
  PATCH('a status of a definition of many properties', 'merge', `${BROAD}/status`, () => ({
    status: { conditions: [{ type: 'Seen', status: 'True' }] },
  })),
  get('a definition of many properties as YAML', BROAD, 'application/yaml'),
  get('a definition of many properties as a table', BROAD, TABLE),
  get(
    'a definition of many properties, metadata only',
    BROAD,
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  ),
  get('OpenAPI v3 of a definition of many properties', '/openapi/v3/apis/pauses.example.com/v1'),
  get(
    'OpenAPI v3 of a definition of many properties as protobuf',
    '/openapi/v3/apis/pauses.example.com/v1',
    'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  ),
  get('OpenAPI v2 with a definition of many properties', '/openapi/v2'),
  POST('a custom object of many fields', `${GROUP}/broads`, () => wide({ generateName: 'b-' })),
  get('a custom object of many fields as YAML', `${GROUP}/broads/kept`, 'application/yaml'),
  APPLY(
    'an apply of a custom object of many fields',
    `${GROUP}/broads/kept`,
    'mine',
    () => wide({ name: 'kept' }, 'w'),
    {
      force: true,
    },
  ),
  PATCH('a patch of one of many fields of a custom object', 'merge', `${GROUP}/broads/kept`, () => ({
    spec: { p1: 'x' },
  })),
  PATCH('a status of a custom object of many fields', 'merge', `${GROUP}/broads/kept/status`, () => ({
    status: { a: 1 },
  })),
  PATCH('a patch that replaces a whole document', 'json', `${GROUP}/broads/kept`, () => [
    { op: 'replace', path: '/spec', value: members(PROPERTIES, (i) => [`p${i}`, 'y']) },
  ]),
  POST(
    'a custom object in another version',
    `${GROUP.replace('/v1/', '/v2/')}/twos`,
    () => ({
      apiVersion: 'pauses.example.com/v2',
      kind: 'Two',
      metadata: { name: 'kept' },
      spec: members(NARROWER, (i) => [`p${i}`, 'v']),
    }),
    {
      prepare: async (replica) => {
        const version = (name: string, storage: boolean, more: object): object => ({
          name,
          served: true,
          storage,
          schema: { openAPIV3Schema: schemaOf(NARROWER, more) },
        });
        await must(replica, 'POST', DEFINITIONS, {
          metadata: { name: 'twos.pauses.example.com' },
          spec: {
            group: 'pauses.example.com',
            scope: 'Namespaced',
            names: { plural: 'twos', singular: 'two', kind: 'Two', listKind: 'TwoList' },
            versions: [version('v1', true, {}), version('v2', false, { more: { type: 'string' } })],
          },
        });
        for (let i = 0; i < 200; i++) {
          const sent = await replica.send('GET', `${GROUP.replace('/v1/', '/v2/')}/twos`);
          if (sent.status === 200) return;
          await new Promise((done) => setTimeout(done, 50));
        }
        throw new Error('twos are not served');
      },
    },
  ),
  get('a custom object in another version than its own', `${GROUP}/twos/kept`),
  get('custom objects in another version than their own', `${GROUP}/twos`),
  APPLY(
    'an apply to an object of many finalizers',
    `${NAMESPACED}/configmaps/finalized`,
    'mine',
    () => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'finalized' },
      data: { a: 'b' },
    }),
    {
      prepare: (r) =>
        must(r, 'POST', `${NAMESPACED}/configmaps`, {
          metadata: { name: 'finalized', finalizers: times(OWNED, (i) => `e.com/f${i}`) },
        }),
    },
  ),
  PATCH(
    'a JSON patch of each of many keys',
    'json',
    `${NAMESPACED}/configmaps/patched-keys`,
    () => times(8_000, (i) => ({ op: 'replace', path: `/data/k${i}`, value: 'w' })),
    {
      prepare: (r) =>
        must(r, 'POST', `${NAMESPACED}/configmaps`, {
          metadata: { name: 'patched-keys' },
          data: members(KEYS, (i) => [`k${i}`, 'v']),
        }),
    },
  ),
  PATCH('a patch that replaces the whole object', 'json', `${NAMESPACED}/configmaps/patched-keys`, () => [
    {
      op: 'replace',
      path: '',
      value: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'patched-keys' },
        data: members(KEYS, (i) => [`n${i}`, 'v']),
      },
    },
  ]),
  POST(
    'a network policy of many blocks with exceptions',
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    () => ({
      metadata: { generateName: 'n-' },
      spec: {
        podSelector: {},
        egress: times(5_000, (i) => ({
          to: [{ ipBlock: { cidr: `10.${i % 250}.0.0/16`, except: [`10.${i % 250}.1.0/24`] } }],
        })),
      },
    }),
  ),
  POST('a secret of 1 MB in base64', `${NAMESPACED}/secrets`, () => ({
    metadata: { generateName: 's-' },
    data: members(1_000, (i) => [`k${i}`, Buffer.alloc(1_000, i).toString('base64')]),
  })),
  POST(
    'a token of many audiences',
    `${NAMESPACED}/serviceaccounts/robot/token`,
    () => ({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: times(ITEMS, (i) => `audience${i}`) },
    }),
    { prepare: (r) => must(r, 'POST', `${NAMESPACED}/serviceaccounts`, { metadata: { name: 'robot' } }) },
  ),
  POST('a role of many rules with many resources', '/apis/rbac.authorization.k8s.io/v1/clusterroles', () => ({
    metadata: { generateName: 'r-' },
    rules: times(300, (i) => ({ apiGroups: ['a'], resources: times(50, (j) => `r${i}x${j}`), verbs: ['get', 'list'] })),
  })),
  {
    name: 'impersonation of somebody in many groups',
    method: 'GET',
    path: `${NAMESPACED}/configmaps?limit=1`,
    options: { headers: { 'impersonate-user': 'x', 'impersonate-group': times(4_000, (i) => `g${i}`).join(',') } },
    refused: [403],
  },
  {
    name: 'a selector of many sets and requirements in a watch',
    method: 'GET',
    path: `${NAMESPACED}/configmaps?watch=1&timeoutSeconds=1&labelSelector=${encodeURIComponent(times(150, (i) => `k${i} notin (${times(40, (j) => `v${j}`).join(',')})`).join(','))}`,
  },
  {
    name: 'the deletion of what a large selector means',
    method: 'DELETE',
    path: `${NAMESPACED}/configmaps?labelSelector=${encodeURIComponent(`n in (${times(5_000, (i) => `v${i}`).join(',')})`)}`,
  },
  POST(
    'a slice of 1,000 endpoints with topology',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    () => ({
      metadata: { generateName: 's-' },
      addressType: 'IPv6',
      endpoints: times(1_000, (i) => ({
        addresses: [`fd00::${(i + 1).toString(16)}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `n${i}`,
        zone: 'z',
        hints: { forZones: [{ name: 'z' }] },
        targetRef: { kind: 'Pod', namespace: 'default', name: `p${i}`, uid: `${i}` },
      })),
      ports: times(100, (i) => ({ name: `p${i}`, port: i + 1, protocol: 'TCP' })),
    }),
  ),
  POST('a pod of many volumes with projections', `${NAMESPACED}/pods`, () => ({
    metadata: { generateName: 'p-' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: times(500, (i) => ({
        name: `v${i}`,
        projected: {
          sources: times(10, (j) => ({ configMap: { name: `c${j}`, items: [{ key: 'k', path: `p${j}` }] } })),
        },
      })),
    },
  })),
  POST('a pod of many containers with resources', `${NAMESPACED}/pods`, () => ({
    metadata: { generateName: 'p-' },
    spec: {
      containers: times(1_000, (i) => ({
        name: `c${i}`,
        image: 'registry.example.com:5000/team/image:v1.2.3',
        resources: { limits: { cpu: '1500m', memory: '1.5Gi' }, requests: { cpu: '0.5', memory: '512M' } },
        livenessProbe: { httpGet: { path: '/', port: 80 } },
        securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
      })),
    },
  })),
  POST(
    'a mutating configuration of many rules',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?dryRun=All',
    () => ({
      metadata: { generateName: 'm-' },
      webhooks: [
        {
          name: 'w.e.com',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          failurePolicy: 'Ignore',
          objectSelector: { matchLabels: { never: 'there' } },
          clientConfig: { url: 'https://127.0.0.1:1/' },
          rules: times(5_000, (i) => ({
            apiGroups: [`g${i}.e.com`],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['nones'],
          })),
        },
      ],
    }),
  ),
  POST(
    'a custom list of sets that are compared',
    `${GROUP}/setlists`,
    () => ({
      apiVersion: 'pauses.example.com/v1',
      kind: 'Setlist',
      metadata: { generateName: 's-' },
      spec: times(OWNED, (i) => ({ a: `v${i}`, b: { c: i } })),
    }),
    {
      prepare: (r) =>
        define(r, 'setlists', {
          type: 'object',
          properties: {
            spec: {
              type: 'array',
              'x-kubernetes-list-type': 'set',
              items: {
                type: 'object',
                'x-kubernetes-map-type': 'atomic',
                'x-kubernetes-preserve-unknown-fields': true,
              },
            },
          },
        }),
    },
  ),
  POST('a custom object of deep lists', `${GROUP}/things`, () => ({
    apiVersion: 'pauses.example.com/v1',
    kind: 'Thing',
    metadata: { generateName: 'deep-' },
    spec: JSON.parse(`${'['.repeat(900)}${times(OTHER_ITEMS, () => 1).join(',')}${']'.repeat(900)}`) as unknown,
  })),
  POST('a custom object of as many values as may be', `${GROUP}/things`, () => ({
    apiVersion: 'pauses.example.com/v1',
    kind: 'Thing',
    metadata: { generateName: 'values-' },
    spec: times(3, () => times(31_000, (i) => i)),
  })),
  POST('a custom object of as many small objects as may be', `${GROUP}/things`, () => ({
    apiVersion: 'pauses.example.com/v1',
    kind: 'Thing',
    metadata: { generateName: 'objects-' },
    spec: times(2, () => times(16_000, (i) => ({ a: i, b: 'x' }))),
  })),
  POST('quantities of a thousand digits', `${NAMESPACED}/resourcequotas`, () => ({
    metadata: { generateName: 'q-' },
    spec: { hard: members(1_200, (i) => [`count/r${i}.e.com`, `${i + 1}${'0'.repeat(900)}`]) },
  })),
  POST('managed fields of many managers', `${NAMESPACED}/configmaps`, () => ({
    metadata: {
      generateName: 'm-',
      managedFields: times(4_000, (i) => ({
        manager: `m${i}`,
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { [`f:k${i}`]: {} } },
      })),
    },
    data: members(4_000, (i) => [`k${i}`, 'v']),
  })),
];
