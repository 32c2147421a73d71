import { expect, test } from 'vitest';
import { admissionChain, defaultAdmission, pluginNames } from './plugins.js';
import type { AdmissionChain } from './admit.js';

const names = (chain: AdmissionChain): string[] => chain.plugins.map((plugin) => plugin.name);

/** What `kube-apiserver --help` of 1.36 calls the default enabled plugins, in the order in which they run. */
const ON = [
  'NamespaceLifecycle LimitRanger ServiceAccount TaintNodesByCondition PodSecurity Priority DefaultTolerationSeconds',
  'DefaultStorageClass StorageObjectInUseProtection PodGroupProtection PersistentVolumeClaimResize RuntimeClass',
  'CertificateApproval CertificateSigning ClusterTrustBundleAttest CertificateSubjectRestriction DefaultIngressClass',
  'PodTopologyLabels PodGroupWorkloadExists NodeDeclaredFeatureValidator JobValidation PodResizeValidator',
  'MutatingAdmissionPolicy MutatingAdmissionWebhook ValidatingAdmissionPolicy ValidatingAdmissionWebhook ResourceQuota',
].flatMap((line) => line.split(' '));

/** What EventRateLimit cannot be without. */
const configurations = new Map([
  [
    'EventRateLimit',
    {
      path: 'test.yaml',
      object: {
        apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        limits: [{ type: 'Server', qps: 1, burst: 1 }],
      },
    },
  ],
  ['ImagePolicyWebhook', { path: 'test.yaml', object: { imagePolicy: { kubeConfigFile: '/webhook.conf' } } }],
]);

test('Plugins run in the order of kube-apiserver, whatever order a flag names them in', () => {
  const all = names(admissionChain({ enable: [...pluginNames].reverse(), configurations }));
  expect(all).toEqual(pluginNames.filter((name) => all.includes(name)));
  expect(pluginNames.filter((name) => ON.includes(name))).toEqual(ON);
});

test('Those that are on by default are those of kube-apiserver', () => {
  const built = names(defaultAdmission);
  expect(built.filter((name) => !ON.includes(name))).toEqual([]);
  // The others do nothing by default.
  const off = names(admissionChain({ enable: pluginNames, disable: ON, configurations }));
  expect(off.filter((name) => ON.includes(name))).toEqual([]);
  for (const name of ON) expect(pluginNames).toContain(name);
});

test('Every name of kube-apiserver 1.36 is known, once', () => {
  expect(new Set(pluginNames).size).toBe(41);
  expect(pluginNames).toHaveLength(41);
});

test('The quota counts behind everything that may still change or refuse the object', () => {
  expect(pluginNames.slice(-6)).toEqual([
    'MutatingAdmissionPolicy',
    'MutatingAdmissionWebhook',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionWebhook',
    'ResourceQuota',
    'AlwaysDeny',
  ]);
});

test('Flags turn plugins on and off, but no check of the storage', () => {
  const always = [{ name: 'Escalation', handles: () => true }];
  const chain = admissionChain({ enable: ['NodeRestriction'], disable: ['LimitRanger', 'Escalation'], always });
  expect(names(chain)).toContain('NodeRestriction');
  expect(names(chain)).not.toContain('LimitRanger');
  expect(names(chain).at(-1)).toBe('Escalation');
});

/** What each looks at: the operations of `admission.NewHandler` in kube-apiserver, and the phases that it has. */
const HANDLES = `
NamespaceAutoProvision: CREATE; admit
NamespaceLifecycle: CREATE UPDATE DELETE; admit
NamespaceExists: CREATE UPDATE DELETE; validate
LimitPodHardAntiAffinityTopology: CREATE UPDATE; validate
LimitRanger: CREATE UPDATE; admit validate
ServiceAccount: CREATE UPDATE; admit validate
NodeRestriction: CREATE UPDATE DELETE; admit validate
TaintNodesByCondition: CREATE; admit
AlwaysPullImages: CREATE UPDATE; admit validate
ImagePolicyWebhook: CREATE UPDATE; validate
PodSecurity: CREATE UPDATE; validate
PodNodeSelector: CREATE; admit validate
Priority: CREATE UPDATE; admit validate
DefaultTolerationSeconds: CREATE UPDATE; admit
PodTolerationRestriction: CREATE UPDATE; admit validate
EventRateLimit: CREATE UPDATE; validate
ExtendedResourceToleration: CREATE UPDATE; admit
DefaultStorageClass: CREATE; admit
StorageObjectInUseProtection: CREATE; admit
OwnerReferencesPermissionEnforcement: CREATE UPDATE; validate
PersistentVolumeClaimResize: UPDATE; validate
RuntimeClass: CREATE; admit validate
CertificateApproval: UPDATE; validate
CertificateSigning: UPDATE; validate
CertificateSubjectRestriction: CREATE; validate
DefaultIngressClass: CREATE; admit
DenyServiceExternalIPs: CREATE UPDATE; validate
PodTopologyLabels: CREATE; admit
NodeDeclaredFeatureValidator: UPDATE; validate
PodResizeValidator: UPDATE; validate
MutatingAdmissionPolicy: CREATE UPDATE DELETE CONNECT; admit
MutatingAdmissionWebhook: CREATE UPDATE DELETE CONNECT; admit
ValidatingAdmissionPolicy: CREATE UPDATE DELETE CONNECT; validate
ValidatingAdmissionWebhook: CREATE UPDATE DELETE CONNECT; validate
ResourceQuota: CREATE UPDATE; validate
AlwaysDeny: CREATE UPDATE DELETE CONNECT; admit validate
`;

test('Each is asked about the operations that it is for, when objects still change or when they are done', () => {
  const { plugins } = admissionChain({ enable: pluginNames, configurations });
  const shown = plugins.map((plugin) => {
    const operations = (['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const).filter((o) => plugin.handles(o));
    const phases = (['admit', 'validate'] as const).filter((phase) => plugin[phase] !== undefined);
    return `${plugin.name}: ${operations.join(' ')}; ${phases.join(' ')}`;
  });
  expect(shown).toEqual(HANDLES.trim().split('\n'));
});
