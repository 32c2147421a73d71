import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { NodeAuthorizer } from './node.js';
import { RbacAuthorizer } from './rbac.js';
import { asks, openStore, type TestStore, user } from './testing.js';
import { type Attributes, type Decision, NO_OPINION } from './types.js';

let store: TestStore;
let node: NodeAuthorizer;
const put: TestStore['put'] = (...object) => store.put(...object);

beforeAll(async () => {
  store = await openStore();
  node = new NodeAuthorizer(store.backend, new RbacAuthorizer(store.backend));
});
afterAll(() => store.close());

const allowed = (d: Decision): boolean => d.decision === 'allow';
const reason = (d: Decision): string => d.reason;

describe('nodes', () => {
  const kubelet = user('system:node:n1', 'system:nodes');

  test('a node reads what the pods bound to it need, and nothing else', async () => {
    const secret = (name: string): Decision =>
      node.authorize(asks(kubelet, 'get', 'secrets', { namespace: 'ns', name }));
    const pod = (nodeName: string): JsonObject => ({
      spec: {
        nodeName,
        serviceAccountName: 'robot',
        imagePullSecrets: [{ name: 'pull' }],
        containers: [{ envFrom: [{ configMapRef: { name: 'env' } }] }],
        volumes: [{ persistentVolumeClaim: { claimName: 'data' } }, { secret: { secretName: 'mounted' } }],
      },
    });
    expect(reason(secret('pull'))).toBe("no relationship found between node 'n1' and this object");
    await put('', 'pods', 'ns', 'p', pod('n1'));
    expect([secret('pull'), secret('mounted')].every(allowed)).toBe(true);
    expect(allowed(secret('other'))).toBe(false);
    expect(allowed(node.authorize(asks(kubelet, 'get', 'configmaps', { namespace: 'ns', name: 'env' })))).toBe(true);
    expect(
      allowed(
        node.authorize(
          asks(kubelet, 'create', 'serviceaccounts', { namespace: 'ns', name: 'robot', subresource: 'token' }),
        ),
      ),
    ).toBe(true);
    await put('', 'persistentvolumes', '', 'pv', {
      spec: {
        claimRef: { namespace: 'ns', name: 'data' },
        csi: { nodeStageSecretRef: { namespace: 'csi', name: 's' } },
      },
    });
    expect(allowed(node.authorize(asks(kubelet, 'get', 'persistentvolumes', { name: 'pv' })))).toBe(true);
    expect(allowed(node.authorize(asks(kubelet, 'get', 'secrets', { namespace: 'csi', name: 's' })))).toBe(true);
    await put('', 'pods', 'ns', 'p', pod('n2'));
    expect(allowed(secret('pull'))).toBe(false);
  });

  test('a node keeps its own objects only', () => {
    const lease = (name: string): Attributes =>
      asks(kubelet, 'update', 'leases', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name });
    expect(allowed(node.authorize(lease('n1')))).toBe(true);
    expect(reason(node.authorize(lease('n2')))).toBe(
      'can only access node lease with the same name as the requesting node',
    );
    expect(reason(node.authorize(asks(kubelet, 'list', 'nodes')))).toBe(
      "node 'n1' cannot read all nodes, only its own Node object",
    );
    expect(allowed(node.authorize(asks(kubelet, 'list', 'pods', { fieldSelector: 'spec.nodeName=n1' })))).toBe(true);
    expect(allowed(node.authorize(asks(kubelet, 'list', 'pods', { fieldSelector: 'spec.nodeName=n2' })))).toBe(false);
    expect(node.authorize(asks(user('system:node:n1'), 'get', 'nodes', { name: 'n1' }))).toEqual(NO_OPINION);
  });

  test('whatever way a pod names an object opens it to its node', async () => {
    const source = (name: string) => ({ secretRef: { name: `${name}-secret` }, configMapRef: { name: `${name}-map` } });
    const key = (name: string) => ({
      valueFrom: { secretKeyRef: { name: `${name}-secret` }, configMapKeyRef: { name: `${name}-map` } },
    });
    await put('', 'pods', 'ways', 'p', {
      spec: {
        nodeName: 'n1',
        resourceClaims: [{ resourceClaimName: 'claimed' }],
        containers: [{ env: [key('env')] }],
        initContainers: [{ envFrom: [source('init')] }],
        ephemeralContainers: [{ envFrom: [source('debug')] }],
        volumes: [
          { azureFile: { secretName: 'azure' } },
          { configMap: { name: 'map' } },
          { name: 'scratch', ephemeral: {} },
          { projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
          { cephfs: { secretRef: { name: 'ceph' } } },
          { csi: { nodePublishSecretRef: { name: 'csi' } } },
        ],
      },
      status: { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'p-made-x' }] },
    });
    const may = (resource: string, name: string, group = '', who = kubelet): boolean =>
      allowed(node.authorize(asks(who, 'get', resource, { group, namespace: 'ways', name })));
    const secrets = ['env-secret', 'init-secret', 'debug-secret', 'azure', 'projected', 'ceph', 'csi'];
    expect(secrets.filter((name) => !may('secrets', name))).toEqual([]);
    const maps = ['env-map', 'init-map', 'debug-map', 'map', 'projected'];
    expect(maps.filter((name) => !may('configmaps', name))).toEqual([]);
    expect(may('persistentvolumeclaims', 'p-scratch')).toBe(true);
    expect(may('resourceclaims', 'claimed', 'resource.k8s.io')).toBe(true);
    expect(may('resourceclaims', 'p-made-x', 'resource.k8s.io')).toBe(true);
    // Not in another namespace, and not to another node.
    expect(allowed(node.authorize(asks(kubelet, 'get', 'secrets', { namespace: 'ns', name: 'azure' })))).toBe(false);
    expect(may('secrets', 'azure', '', user('system:node:n2', 'system:nodes'))).toBe(false);
  });

  test('a mirror pod opens nothing', async () => {
    const spec = { nodeName: 'n1', volumes: [{ secret: { secretName: 'wanted' } }] };
    await put('', 'pods', 'mirrors', 'p', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, spec });
    const asked = asks(kubelet, 'get', 'secrets', { namespace: 'mirrors', name: 'wanted' });
    expect(allowed(node.authorize(asked))).toBe(false);
    await put('', 'pods', 'mirrors', 'p', { spec });
    expect(allowed(node.authorize(asked))).toBe(true);
  });

  test('the secrets of a volume are open where its claim is used, in the namespace that it names', async () => {
    const claimRef = { namespace: 'volumes', name: 'data' };
    const secret = (namespace: string, name: string): boolean =>
      allowed(node.authorize(asks(kubelet, 'get', 'secrets', { namespace, name })));
    await put('', 'persistentvolumes', '', 'azure', { spec: { claimRef, azureFile: { secretName: 'own' } } });
    await put('', 'persistentvolumes', '', 'azure2', {
      spec: { claimRef, azureFile: { secretName: 'far', secretNamespace: 'elsewhere' } },
    });
    await put('', 'persistentvolumes', '', 'iscsi', { spec: { claimRef, iscsi: { secretRef: { name: 'home' } } } });
    await put('', 'persistentvolumes', '', 'odd', {
      spec: {
        claimRef,
        capacity: { secretRefs: { name: 'no reference' } },
        csi: { fsType: { name: 'no secret' }, secretRef: 'no object', attributes: null },
        mountOptions: ['secretRef'],
      },
    });
    await put('', 'persistentvolumes', '', 'free', { spec: { iscsi: { secretRef: { name: 'free' } } } });
    expect(secret('volumes', 'own')).toBe(false);
    await put('', 'pods', 'volumes', 'p', {
      spec: { nodeName: 'n1', volumes: [{ persistentVolumeClaim: { claimName: 'data' } }] },
    });
    expect([secret('volumes', 'own'), secret('elsewhere', 'far'), secret('volumes', 'home')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([secret('volumes', 'no reference'), secret('volumes', 'no secret'), secret('volumes', '')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([secret('elsewhere', 'own'), secret('volumes', 'far'), secret('', 'free')]).toEqual([false, false, false]);
    expect(allowed(node.authorize(asks(kubelet, 'get', 'persistentvolumes', { name: 'free' })))).toBe(false);
  });

  test('of each resource a node does what kubelets do, and is told why not more', async () => {
    await put('', 'pods', 'does', 'p', {
      spec: {
        nodeName: 'n1',
        serviceAccountName: 'robot',
        volumes: [{ persistentVolumeClaim: { claimName: 'data' } }, { secret: { secretName: 's' } }],
      },
    });
    await put('', 'pods', 'does', 'q', { spec: { nodeName: 'n2' } });
    for (const [name, nodeName] of [
      ['mine', 'n1'],
      ['yours', 'n2'],
    ] as const) {
      await put('storage.k8s.io', 'volumeattachments', '', name, { spec: { nodeName } });
      await put('resource.k8s.io', 'resourceslices', '', name, { spec: { nodeName } });
    }
    /** `allow`, or why not. */
    const may = (verb: string, resource: string, more: Partial<Attributes> = {}): string => {
      const decision = node.authorize(asks(kubelet, verb, resource, more));
      return decision.decision === 'allow' ? 'allow' : decision.reason;
    };
    const unrelated = "no relationship found between node 'n1' and this object";
    const inPlace = { namespace: 'does' };

    const s = { ...inPlace, name: 's' };
    for (const verb of ['get', 'list', 'watch']) expect(may(verb, 'secrets', s)).toBe('allow');
    expect(may('update', 'secrets', s)).toBe('can only read resources of this type');
    expect(may('get', 'secrets', { ...s, subresource: 'x' })).toBe('cannot read subresource');
    expect(may('list', 'secrets', { name: 's' })).toBe('can only read namespaced object of this type');
    expect(may('list', 'secrets', inPlace)).toBe('No Object name found');

    const claim = { ...inPlace, name: 'data' };
    expect(may('get', 'persistentvolumeclaims', claim)).toBe('allow');
    expect(may('list', 'persistentvolumeclaims', claim)).toBe('can only get individual resources of this type');
    const status = { ...claim, subresource: 'status' };
    expect(may('update', 'persistentvolumeclaims', status)).toBe('allow');
    expect(may('patch', 'persistentvolumeclaims', status)).toBe('allow');
    expect(may('get', 'persistentvolumeclaims', status)).toBe('can only get/update/patch this type');
    expect(may('update', 'persistentvolumeclaims', { ...status, name: 'other' })).toBe(unrelated);
    expect(may('get', 'persistentvolumes', { name: 'x', subresource: 'status' })).toBe('cannot get subresource');

    const attachments = { group: 'storage.k8s.io' };
    expect(may('get', 'volumeattachments', { ...attachments, name: 'mine' })).toBe('allow');
    expect(may('get', 'volumeattachments', { ...attachments, name: 'yours' })).toBe(unrelated);

    expect(may('get', 'volumeattachments', { ...attachments, name: 'nobody' })).toBe(unrelated);
    expect(may('get', 'resourceslices', { group: 'resource.k8s.io', name: 'nobody' })).toBe(unrelated);
    expect(may('get', 'persistentvolumes', { name: 'nobody' })).toBe(unrelated);
    expect(may('get', 'pods', { ...inPlace, name: 'nobody' })).toBe(unrelated);
    await put('storage.k8s.io', 'volumeattachments', '', 'attached', { spec: { nodeName: 'n1' } });
    expect(may('get', 'volumeattachments', { ...attachments, name: 'attached' })).toBe('allow');
    expect(may('get', 'resourceslices', { group: 'resource.k8s.io', name: 'attached' })).toBe(unrelated);

    const robot = { ...inPlace, name: 'robot' };
    expect(may('get', 'serviceaccounts', robot)).toBe('allow');
    expect(may('get', 'serviceaccounts', { ...inPlace, name: 'other' })).toBe(unrelated);
    const token = { ...robot, subresource: 'token' };
    expect(may('create', 'serviceaccounts', { ...token, name: 'other' })).toBe(unrelated);
    for (const [verb, of] of [
      ['get', token],
      ['create', robot],
      ['update', robot],
    ] as const) {
      expect(may(verb, 'serviceaccounts', of)).toBe('can only create tokens for individual service accounts');
    }

    const slices = { group: 'resource.k8s.io' };
    expect(may('create', 'resourceslices', slices)).toBe('allow');
    for (const verb of ['get', 'update', 'patch', 'delete']) {
      expect(may(verb, 'resourceslices', { ...slices, name: 'mine' })).toBe('allow');
      expect(may(verb, 'resourceslices', { ...slices, name: 'yours' })).toBe(unrelated);
    }
    for (const verb of ['list', 'watch', 'deletecollection']) {
      expect(may(verb, 'resourceslices', { ...slices, fieldSelector: 'spec.nodeName=n1' })).toBe('allow');
      expect(may(verb, 'resourceslices', { ...slices, fieldSelector: 'spec.nodeName=n2' })).toBe(
        'can only list/watch/deletecollection resourceslices with nodeName field selector',
      );
    }
    expect(may('bind', 'resourceslices', slices)).toBe(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
    expect(may('create', 'resourceslices', { ...slices, subresource: 'x' })).toBe(
      'cannot authorize ResourceSlice subresources',
    );

    for (const subresource of ['', 'status']) {
      for (const verb of ['update', 'patch']) expect(may(verb, 'nodes', { name: 'n2', subresource })).toBe('allow');
    }
    expect(may('create', 'nodes')).toBe('allow');
    for (const verb of ['get', 'list', 'watch']) {
      expect(may(verb, 'nodes', { name: 'n1' })).toBe('allow');
      expect(may(verb, 'nodes', { name: 'n2' })).toBe("node 'n1' cannot read 'n2', only its own Node object");
    }
    for (const [verb, subresource] of [
      ['delete', ''],
      ['get', 'proxy'],
      ['create', 'status'],
    ] as const) {
      expect(may(verb, 'nodes', { name: 'n1', subresource })).toBe('');
    }

    const [p, q] = [
      { ...inPlace, name: 'p' },
      { ...inPlace, name: 'q' },
    ];
    for (const verb of ['create', 'delete', 'get', 'list', 'watch']) expect(may(verb, 'pods', p)).toBe('allow');
    for (const verb of ['get', 'list', 'watch']) expect(may(verb, 'pods', q)).toBe(unrelated);
    for (const verb of ['update', 'patch']) expect(may(verb, 'pods', { ...q, subresource: 'status' })).toBe('allow');
    expect(may('create', 'pods', { ...q, subresource: 'eviction' })).toBe('allow');
    expect(may('list', 'pods', inPlace)).toBe('can only list/watch pods with spec.nodeName field selector');
    for (const [verb, subresource] of [
      ['update', ''],
      ['create', 'exec'],
      ['create', 'status'],
      ['get', 'eviction'],
    ] as const) {
      expect(may(verb, 'pods', { ...p, subresource })).toBe('');
    }

    const leases = { group: 'coordination.k8s.io', namespace: 'kube-node-lease' };
    for (const verb of ['get', 'update', 'patch', 'delete']) {
      expect(may(verb, 'leases', { ...leases, name: 'n1' })).toBe('allow');
    }
    expect(may('create', 'leases', { ...leases, name: '' })).toBe('allow');
    expect(may('list', 'leases', leases)).toBe('can only get, create, update, patch, or delete a node lease');
    expect(may('get', 'leases', { ...leases, namespace: 'kube-system', name: 'n1' })).toBe(
      'can only access leases in the "kube-node-lease" system namespace',
    );

    const csi = { group: 'storage.k8s.io' };
    for (const verb of ['get', 'update', 'patch', 'delete']) {
      expect(may(verb, 'csinodes', { ...csi, name: 'n1' })).toBe('allow');
      expect(may(verb, 'csinodes', { ...csi, name: 'n2' })).toBe(
        'can only access CSINode with the same name as the requesting node',
      );
    }
    expect(may('create', 'csinodes', csi)).toBe('allow');
    expect(may('list', 'csinodes', csi)).toBe('can only get, create, update, patch, or delete a CSINode');
    expect(may('get', 'csinodes', { ...csi, name: 'n1', subresource: 'status' })).toBe(
      'cannot authorize CSINode subresources',
    );
  });

  test('for everything else the role system:node speaks', async () => {
    const services = asks(kubelet, 'list', 'services');
    expect(node.authorize(services)).toEqual(NO_OPINION);
    await put('rbac.authorization.k8s.io', 'clusterroles', '', 'system:node', {
      rules: [
        { apiGroups: [''], resources: ['services'], verbs: ['list'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['delete'] },
        { nonResourceURLs: ['/secrets'], verbs: ['get'] },
      ],
    });
    expect(allowed(node.authorize(services))).toBe(true);
    expect(allowed(node.authorize(asks(kubelet, 'delete', 'nodes', { name: 'n1' })))).toBe(true);
    expect(allowed(node.authorize(asks(user('ann'), 'list', 'services')))).toBe(false);
    const nameless = node.authorize(asks(user('system:node:', 'system:nodes'), 'list', 'services'));
    expect(nameless).toEqual({ decision: 'noOpinion', reason: 'unknown node for user "system:node:"' });
  });
});
