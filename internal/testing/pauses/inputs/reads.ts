import { type Input, KEYS, members, must, OWNED, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define } from './patches.js';

const get = (name: string, path: string, accept = 'application/json', more: Partial<Input> = {}): Input => ({
  name,
  method: 'GET',
  path,
  options: { headers: { accept } },
  ...more,
});
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const YAML = 'application/yaml';

async function namespace(replica: MeasuredReplica, name: string): Promise<void> {
  await must(replica, 'POST', '/api/v1/namespaces', { metadata: { name } });
  await replica.makeServiceAccount(name);
}

/** Eight pods of 1.3 MB each, and a config map. */
async function large(replica: MeasuredReplica): Promise<void> {
  await namespace(replica, 'large');
  for (let i = 0; i < 8; i++) {
    await must(replica, 'POST', '/api/v1/namespaces/large/pods', {
      metadata: { name: `p${i}` },
      spec: {
        containers: [{ name: 'c', image: 'i', env: times(OWNED, (n) => ({ name: `E${n}`, value: 'v'.repeat(220) })) }],
      },
    });
  }
  await must(replica, 'POST', '/api/v1/namespaces/large/configmaps', {
    metadata: { name: 'c' },
    data: members(KEYS, (i) => [`key${i}`, 'v']),
  });
}

async function many(replica: MeasuredReplica): Promise<void> {
  await namespace(replica, 'many');
  const batch = 50;
  for (let at = 0; at < 4000; at += batch) {
    await Promise.all(
      times(batch, (i) =>
        must(replica, 'POST', '/api/v1/namespaces/many/configmaps', {
          metadata: { name: `c${at + i}`, labels: { n: String(at + i) } },
          data: { a: 'x'.repeat(500) },
        }),
      ),
    );
  }
}

/** Definitions with schemas of some size. */
async function manyDefinitions(replica: MeasuredReplica): Promise<void> {
  const property = {
    type: 'object',
    description: 'What it is.',
    properties: members(20, (i) => [`q${i}`, { type: 'string', description: 'A text.' }]),
  };
  for (let d = 0; d < 40; d++) {
    await define(replica, `opens${d}s`, {
      type: 'object',
      properties: { spec: { type: 'object', properties: members(50, (i) => [`p${i}`, property]) } },
    });
  }
}

/** Readers: printers, tables, encoders, discovery. */
export const reads: readonly Input[] = [
  get('a table of large pods', '/api/v1/namespaces/large/pods', TABLE, { prepare: large }),
  get('large pods as metadata only', '/api/v1/namespaces/large/pods', PARTIAL),
  get('large pods as protobuf', '/api/v1/namespaces/large/pods', PROTOBUF),
  get('large pods as YAML', '/api/v1/namespaces/large/pods', YAML),
  get('large pods by label', '/api/v1/namespaces/large/pods?labelSelector=a%3Db'),
  get('large pods by field', '/api/v1/namespaces/large/pods?fieldSelector=spec.nodeName%3Db'),
  get('large pods, indented', '/api/v1/namespaces/large/pods?pretty=true'),
  get('one large config map as YAML', '/api/v1/namespaces/large/configmaps/c', YAML),
  get('one large config map as protobuf', '/api/v1/namespaces/large/configmaps/c', PROTOBUF),
  get('one large config map, indented', '/api/v1/namespaces/large/configmaps/c?pretty=true'),
  get('one large config map, compressed', '/api/v1/namespaces/large/configmaps/c', 'application/json', {
    options: { headers: { 'accept-encoding': 'gzip' } },
  }),
  get('the beginning of a watch of large pods', '/api/v1/namespaces/large/pods?watch=1&timeoutSeconds=1'),
  get(
    'the beginning of a watch of large pods as protobuf',
    '/api/v1/namespaces/large/pods?watch=1&timeoutSeconds=1',
    `${PROTOBUF};stream=watch`,
  ),
  get('4,000 config maps', '/api/v1/namespaces/many/configmaps', 'application/json', { prepare: many }),
  get('4,000 config maps as a table', '/api/v1/namespaces/many/configmaps', TABLE),
  get('4,000 config maps as protobuf', '/api/v1/namespaces/many/configmaps', PROTOBUF),
  get('4,000 config maps as YAML', '/api/v1/namespaces/many/configmaps', YAML),
  get('4,000 config maps, compressed', '/api/v1/namespaces/many/configmaps', 'application/json', {
    options: { headers: { 'accept-encoding': 'gzip' } },
  }),
  get(
    '4,000 config maps against 5,000 values',
    `/api/v1/namespaces/many/configmaps?labelSelector=${encodeURIComponent(`n notin (${times(5000, (i) => `v${i}`).join(',')})`)}`,
  ),
  get('the beginning of a watch of 4,000', '/api/v1/namespaces/many/configmaps?watch=1&timeoutSeconds=1'),
  { name: 'the deletion of 4,000 config maps', method: 'DELETE', path: '/api/v1/namespaces/many/configmaps' },
  { name: 'the deletion of large pods', method: 'DELETE', path: '/api/v1/namespaces/large/pods?gracePeriodSeconds=0' },
  get('OpenAPI v2 with 40 definitions', '/openapi/v2', 'application/json', { prepare: manyDefinitions }),
  get('OpenAPI v2 as protobuf', '/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'),
  get('OpenAPI v3 of a group with 40 definitions', '/openapi/v3/apis/pauses.example.com/v1'),
  get('OpenAPI v3 of the core', '/openapi/v3/api/v1'),
  get('aggregated discovery', '/apis', 'application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList'),
  get('discovery of a group', '/apis/pauses.example.com/v1'),
  get('every definition', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
  get('every definition as a table', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', TABLE),
  get('metrics', '/metrics'),
];
