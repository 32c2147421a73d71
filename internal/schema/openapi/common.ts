import type { Operation, PathItem } from './operations.js';
import type { Parameter } from './parameters.js';

/** What `info` says: the version is that of the API, not of this program. */
export const INFO = { title: 'Kubernetes', version: '1.36' } as const;
export const BEARER_TOKEN = {
  type: 'apiKey',
  description: 'Bearer Token authentication',
  name: 'authorization',
  in: 'header',
} as const;

export const RESPONSE_TEXTS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
export const UNAUTHORIZED = 'Unauthorized';

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
/** Media types of answers, in the order of the v2 document. */
export const PRODUCES: Readonly<Record<Operation['produces'], readonly string[]>> = {
  object: OBJECT_TYPES,
  watchable: [...OBJECT_TYPES, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'],
  log: ['text/plain', ...OBJECT_TYPES],
  any: ['*/*'],
  json: ['application/json'],
  jwks: ['application/jwk-set+json'],
};
/** Formats of patches, in the order of the v2 document. */
export const PATCH_TYPES: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Splits the parameters of a path into those that all its operations have and the rest of each. */
export function splitParameters(item: PathItem): { common: readonly Parameter[]; own: (o: Operation) => Parameter[] } {
  const key = (p: Parameter): string => `${p.in} ${p.name} ${p.shared ?? ''}`;
  const [first, ...others] = item.operations;
  const common = (first?.parameters ?? []).filter((p) =>
    others.every((o) => o.parameters.some((q) => key(q) === key(p))),
  );
  const keys = new Set(common.map(key));
  return { common, own: (o) => o.parameters.filter((p) => !keys.has(key(p))) };
}

/** Definitions that the operations name directly. */
export function definitionsOf(items: readonly PathItem[]): Set<string> {
  const names = new Set<string>();
  for (const { operations } of items) {
    for (const { body, responses } of operations) {
      if (body !== undefined) names.add(body.type);
      for (const type of Object.values(responses)) if (type !== '') names.add(type);
    }
  }
  return names;
}

/**
 * Groups and versions whose requests may carry DeleteOptions and whose watches carry WatchEvent: every version that
 * kube-apiserver's API library knows, served or not. The v2 document lists them all.
 */
export const KNOWN_GROUP_VERSIONS: readonly { readonly group: string; readonly version: string }[] = [
  ['', 'v1'],
  ['admission.k8s.io', 'v1 v1beta1'],
  ['admissionregistration.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['apiextensions.k8s.io', 'v1 v1beta1'],
  ['apiregistration.k8s.io', 'v1 v1beta1'],
  ['apps', 'v1 v1beta1 v1beta2'],
  ['authentication.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['authorization.k8s.io', 'v1 v1beta1'],
  ['autoscaling', 'v1 v2'],
  ['batch', 'v1 v1beta1'],
  ['certificates.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['coordination.k8s.io', 'v1 v1alpha2 v1beta1'],
  ['discovery.k8s.io', 'v1 v1beta1'],
  ['events.k8s.io', 'v1 v1beta1'],
  ['extensions', 'v1beta1'],
  ['flowcontrol.apiserver.k8s.io', 'v1 v1beta1 v1beta2 v1beta3'],
  ['imagepolicy.k8s.io', 'v1alpha1'],
  ['internal.apiserver.k8s.io', 'v1alpha1'],
  ['networking.k8s.io', 'v1 v1beta1'],
  ['node.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['policy', 'v1 v1beta1'],
  ['rbac.authorization.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['resource.k8s.io', 'v1 v1alpha3 v1beta1 v1beta2'],
  ['scheduling.k8s.io', 'v1 v1alpha2 v1beta1'],
  ['storage.k8s.io', 'v1 v1alpha1 v1beta1'],
  ['storagemigration.k8s.io', 'v1beta1'],
].flatMap(([group = '', versions = '']) => versions.split(' ').map((version) => ({ group, version })));

/** Those of them that client libraries know too: what documents of custom resources list. */
export const CLIENT_GROUP_VERSIONS = KNOWN_GROUP_VERSIONS.filter(
  ({ group }) =>
    !['admission.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'imagepolicy.k8s.io'].includes(group),
);
