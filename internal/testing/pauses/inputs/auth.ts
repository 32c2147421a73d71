import { type Input, ITEMS, KEYS, members, must, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** Jane may write roles, and holds the rights of `rules`; she may not give others. */
async function jane(replica: MeasuredReplica, rules: readonly unknown[]): Promise<void> {
  const writer = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['create'] };
  await replica.send('DELETE', `${RBAC}/clusterroles/jane`);
  await must(replica, 'POST', `${RBAC}/clusterroles`, { metadata: { name: 'jane' }, rules: [writer, ...rules] });
  await must(replica, 'POST', `${RBAC}/clusterrolebindings`, {
    metadata: { name: 'jane' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'jane' },
    subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
  });
}

const words = (prefix: string, n: number): string[] => times(n, (i) => `${prefix}${i}`);
const asJane = (name: string, rules: () => unknown, held: readonly unknown[] = []): Input => ({
  name,
  method: 'POST',
  path: `${RBAC}/clusterroles`,
  prepare: (replica) => jane(replica, held),
  options: () => ({
    body: { metadata: { generateName: 'product-' }, rules: rules() },
    headers: { 'impersonate-user': 'jane' },
  }),
});

const wide = { apiGroups: words('g', 300), resources: words('r', 300), verbs: words('v', 300) };
/** As many as one rule for each verb leaves room for. */
const some = { apiGroups: words('g', 120), resources: words('r', 120), verbs: words('v', 120) };
const review = (spec: unknown): unknown => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec,
});

export const auth: readonly Input[] = [
  asJane('a rule of 300 groups, resources and verbs that nobody holds', () => [wide]),
  asJane('a rule of 300 groups, resources and verbs that one rule covers', () => [wide], [wide]),
  asJane(
    'a rule of 120 groups, resources and verbs that many rules cover together',
    () => [some],
    times(120, (i) => ({ ...some, verbs: [`v${i}`] })),
  ),
  asJane('a rule of many resource names', () => [
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'], resourceNames: words('name', ITEMS) },
  ]),
  asJane('a rule of many URLs and verbs', () => [{ nonResourceURLs: words('/u', ITEMS), verbs: words('v', ITEMS) }]),
  asJane('many rules', () => times(12_000, (i) => ({ apiGroups: [''], resources: [`r${i}`], verbs: ['get'] }))),
  {
    ...POST('a token review of many audiences', '/apis/authentication.k8s.io/v1/tokenreviews', () => ({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: {
        token: `e30.${Buffer.from('{"iss":"x"}').toString('base64url')}.AAAA`,
        audiences: words('audience', ITEMS),
      },
    })),
  },
  POST('an access review of a user in many groups', '/apis/authorization.k8s.io/v1/subjectaccessreviews', () =>
    review({ user: 'x', groups: words('group', ITEMS), resourceAttributes: { verb: 'get', resource: 'pods' } }),
  ),
  POST('an access review with many extra keys', '/apis/authorization.k8s.io/v1/subjectaccessreviews', () =>
    review({
      user: 'x',
      extra: members(KEYS, (i) => [`key${i}`, ['value']]),
      resourceAttributes: { verb: 'get', resource: 'pods' },
    }),
  ),
  POST('a binding of many subjects', `${RBAC}/clusterrolebindings`, () => ({
    metadata: { generateName: 'b-' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: times(ITEMS, (i) => ({ kind: 'User', name: `u${i}`, apiGroup: 'rbac.authorization.k8s.io' })),
  })),
  POST('a rules review after all of that', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace: 'default' },
  })),
  POST('a signing request of 1.3 MB', '/apis/certificates.k8s.io/v1/certificatesigningrequests', () => ({
    metadata: { generateName: 'csr-' },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      request: Buffer.from(
        `-----BEGIN CERTIFICATE REQUEST-----\n${'MIIBAAAA'.repeat(122_000)}\n-----END CERTIFICATE REQUEST-----\n`,
      ).toString('base64'),
    },
  })),
];
