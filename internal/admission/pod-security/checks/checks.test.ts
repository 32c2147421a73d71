import { expect, test } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { podView } from '../check.js';
import { detailsOf, evaluatorOf } from '../evaluator.js';
import { type Level, parseVersion } from '../levels.js';
import { CHECKS } from './index.js';

const evaluate = evaluatorOf(CHECKS);

function faults(level: Level, version: string, pod: JsonObject): string {
  const parsed = parseVersion(version);
  if (parsed === undefined) throw new Error(`no version: ${version}`);
  return detailsOf(evaluate({ level, version: parsed }, podView(pod)));
}

/** A container that every check allows. */
const good = (name: string, security: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  name,
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
    ...security,
  },
  ...more,
});
const pod = (spec: JsonObject, annotations: JsonObject = {}): JsonObject => ({
  metadata: { annotations },
  spec: { containers: [good('c')], ...spec },
});
const two = (security: JsonObject): JsonObject =>
  pod({ initContainers: [good('i', security)], containers: [good('c', security), good('d')] });

/** What is wrong, from which version on (and up to which), at `baseline` and at `restricted`. */
const TABLE: readonly {
  readonly what: string;
  readonly pod: JsonObject;
  readonly text: string;
  readonly restrictedText?: string;
  readonly level?: Level;
  /** Versions at which it is found, and at which it is not. */
  readonly at?: readonly string[];
  readonly notAt?: readonly string[];
}[] = [
  {
    what: 'namespaces of the host',
    pod: pod({ hostNetwork: true, hostIPC: true, hostPID: false }),
    text: 'host namespaces (hostNetwork=true, hostIPC=true)',
    at: ['v1.0', 'latest', 'v1.99'],
  },
  {
    what: 'privileged containers',
    pod: two({ privileged: true }),
    text: 'privileged (containers "i", "c" must not set securityContext.privileged=true)',
  },
  {
    what: 'added capabilities, once by the stricter check where there is one',
    pod: two({ capabilities: { drop: ['ALL'], add: ['SYS_TIME', 'CHOWN', 'NET_ADMIN'] } }),
    text: 'non-default capabilities (containers "i", "c" must not include "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add)',
    restrictedText:
      'unrestricted capabilities (containers "i", "c" must not include "CHOWN", "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add)',
    at: ['v1.22'],
  },
  {
    what: 'directories of the host, once by the stricter check',
    pod: pod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
    text: 'hostPath volumes (volume "v")',
    restrictedText: 'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    at: ['v1.0'],
  },
  {
    what: 'ports of the host',
    pod: pod({
      containers: [good('c', {}, { ports: [{ hostPort: 90 }, { hostPort: 8080 }, { hostPort: 0 }] }), good('d')],
    }),
    text: 'hostPort (container "c" uses hostPorts 8080, 90)',
  },
  {
    what: 'hosts of probes and hooks',
    pod: pod({
      containers: [
        good(
          'c',
          {},
          {
            livenessProbe: { httpGet: { host: '10.0.0.1' } },
            lifecycle: { preStop: { tcpSocket: { host: 'b' } }, postStart: { httpGet: { host: '' } } },
          },
        ),
      ],
    }),
    text: 'probe or lifecycle host (container "c" uses probe or lifecycle hosts "10.0.0.1", "b")',
    at: ['v1.34'],
    notAt: ['v1.33'],
  },
  {
    what: 'an unmasked /proc',
    pod: pod({ containers: [good('c', { procMount: 'Unmasked' })] }),
    text: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    at: ['v1.0', 'v1.35'],
  },
  {
    what: 'SELinux options',
    pod: pod({
      securityContext: { seLinuxOptions: { type: 'container_engine_t', role: 'r' } },
      containers: [good('c', { seLinuxOptions: { user: 'u' } })],
    }),
    text: 'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "container_engine_t"; user may not be set; role may not be set)',
    at: ['v1.30'],
    notAt: ['v1.31'],
  },
  {
    what: 'seccomp that is switched off',
    pod: pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    text: 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    at: ['v1.19'],
    notAt: ['v1.18'],
  },
  {
    what: 'seccomp that was switched off by annotation',
    pod: pod({}, { 'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined' }),
    text: 'seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/c="unconfined")',
    at: ['v1.18'],
    notAt: ['v1.19'],
  },
  {
    what: 'AppArmor that is switched off',
    pod: pod(
      {
        securityContext: { appArmorProfile: { type: 'Unconfined' } },
        containers: [good('c', { appArmorProfile: { type: 'Unconfined' } })],
      },
      {
        'container.apparmor.security.beta.kubernetes.io/x': 'unconfined',
        'container.apparmor.security.beta.kubernetes.io/y': 'localhost/own',
      },
    ),
    text: 'forbidden AppArmor profiles (pod and container "c" and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/x="unconfined"")',
  },
  {
    what: 'sysctls of the node',
    pod: pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } }),
    text: 'forbidden sysctls (kernel.msgmax, net.ipv4.tcp_rmem)',
    at: ['v1.31'],
    notAt: ['v1.32'],
  },
  {
    what: 'processes of a Windows host',
    pod: pod({ securityContext: { windowsOptions: { hostProcess: true } } }),
    text: 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  },
  {
    what: 'privilege escalation that is not given up',
    level: 'restricted',
    pod: two({ allowPrivilegeEscalation: true }),
    text: 'allowPrivilegeEscalation != false (containers "i", "c" must set securityContext.allowPrivilegeEscalation=false)',
    at: ['v1.8'],
    notAt: ['v1.7'],
  },
  {
    what: 'capabilities that are not dropped',
    level: 'restricted',
    pod: pod({ containers: [good('c', { capabilities: { drop: ['CHOWN'], add: ['NET_BIND_SERVICE'] } })] }),
    text: 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
    at: ['v1.22'],
    notAt: ['v1.21'],
  },
  {
    what: 'a pod that may run as root',
    level: 'restricted',
    pod: pod({ containers: [good('c', { runAsNonRoot: null })] }),
    text: 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
  },
  {
    what: 'a pod that refuses not to run as root',
    level: 'restricted',
    pod: pod({ securityContext: { runAsNonRoot: false }, containers: [good('c', { runAsNonRoot: false })] }),
    text: 'runAsNonRoot != true (pod and container "c" must not set securityContext.runAsNonRoot=false)',
  },
  {
    what: 'the user root',
    level: 'restricted',
    pod: pod({ containers: [good('c', { runAsUser: 0 })] }),
    text: 'runAsUser=0 (container "c" must not set runAsUser=0)',
    at: ['v1.23'],
    notAt: ['v1.22'],
  },
  {
    what: 'seccomp that nobody asked for',
    level: 'restricted',
    pod: pod({ containers: [good('c', { seccompProfile: null })] }),
    text: 'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    at: ['v1.19'],
    notAt: ['v1.18'],
  },
  {
    what: 'drivers that are no part of Kubernetes',
    level: 'restricted',
    pod: pod({ volumes: [{ name: 'a', nfs: {} }, { name: 'b' }, { name: 'c', csi: {} }] }),
    text: 'restricted volume types (volumes "a", "b" use restricted volume types "nfs", "unknown")',
  },
];

test.each(TABLE)('finds $what', ({ pod: bad, text, restrictedText, level = 'baseline', at = [], notAt = [] }) => {
  for (const version of at.length === 0 ? ['latest', 'v1.0'] : at) {
    expect(faults(level, version, bad), version).toBe(text);
    if (level === 'baseline') expect(faults('restricted', version, bad), version).toContain(restrictedText ?? text);
    else expect(faults('baseline', version, bad), version).not.toContain(text);
    expect(faults('privileged', version, bad)).toBe('');
  }
  for (const version of notAt) expect(faults(level, version, bad), version).not.toContain(text);
});

test('a careful pod is allowed at every version', () => {
  const careful = pod({
    volumes: ['configMap', 'csi', 'emptyDir', 'secret', 'image'].map((type) => ({ name: type, [type]: {} })),
    ephemeralContainers: [good('e')],
  });
  for (let minor = 0; minor <= 40; minor++) expect(faults('restricted', `v1.${minor}`, careful), `${minor}`).toBe('');
});

test('ephemeral containers are looked at too, behind the others', () => {
  const spec = {
    ephemeralContainers: [good('e', { privileged: true })],
    containers: [good('c', { privileged: true })],
  };
  expect(faults('baseline', 'latest', pod(spec))).toBe(
    'privileged (containers "c", "e" must not set securityContext.privileged=true)',
  );
});

test('faults come in the order of the names of their checks, those of baseline first', () => {
  const bad = pod({ hostPID: true, containers: [{ name: 'c', securityContext: { privileged: true, runAsUser: 0 } }] });
  const reasons = faults('restricted', 'latest', bad).replaceAll(/ \([^)]*\)/g, '');
  expect(reasons).toBe(
    'host namespaces, privileged, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, runAsUser=0, seccompProfile',
  );
});

test('a user namespace makes root harmless from 1.35 on, and /proc at baseline', () => {
  const spec: JsonObject = {
    hostUsers: false,
    containers: [good('c', { runAsUser: 0, runAsNonRoot: false, procMount: 'Unmasked' })],
  };
  expect(faults('baseline', 'v1.35', pod(spec))).toBe('');
  expect(faults('restricted', 'v1.35', pod(spec))).toMatch(/^procMount \([^)]*\)$/);
  expect(faults('restricted', 'v1.34', pod(spec)).match(/procMount \(|runAsNonRoot !=|runAsUser=0 \(/g)).toHaveLength(
    3,
  );
});

test('Windows is asked for nothing that it does not have, from 1.25 on', () => {
  const windows = pod({
    os: { name: 'windows' },
    containers: [{ name: 'c', securityContext: { runAsNonRoot: true } }],
  });
  expect(faults('restricted', 'v1.25', windows)).toBe('');
  expect(faults('restricted', 'v1.24', windows)).toContain('allowPrivilegeEscalation != false');
});

/** Every value of which the Pod Security Standards make a rule, one by one: what is allowed from which version on, or never. */
test.each<[string, readonly string[], (value: string) => JsonObject, string, Level?]>([
  [
    'capabilities that may be added at baseline',
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
      ' ',
    ),
    (value) => pod({ containers: [good('c', { capabilities: { drop: ['ALL'], add: [value] } })] }),
    'v1.0',
  ],
  [
    'safe sysctls',
    'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start'.split(
      ' ',
    ),
    (name) => pod({ securityContext: { sysctls: [{ name }] } }),
    'v1.0',
  ],
  [
    'safe sysctls of 1.27',
    ['net.ipv4.ip_local_reserved_ports'],
    (name) => pod({ securityContext: { sysctls: [{ name }] } }),
    'v1.27',
  ],
  [
    'safe sysctls of 1.29',
    'net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes'.split(
      ' ',
    ),
    (name) => pod({ securityContext: { sysctls: [{ name }] } }),
    'v1.29',
  ],
  [
    'safe sysctls of 1.32',
    'net.ipv4.tcp_rmem net.ipv4.tcp_wmem'.split(' '),
    (name) => pod({ securityContext: { sysctls: [{ name }] } }),
    'v1.32',
  ],
  [
    'volumes that may be used at restricted',
    'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
    (type) => pod({ volumes: [{ name: 'v', [type]: {} }] }),
    'v1.0',
    'restricted',
  ],
  [
    'SELinux types of containers',
    ['', 'container_t', 'container_init_t', 'container_kvm_t'],
    (type) => pod({ securityContext: { seLinuxOptions: { type } } }),
    'v1.0',
  ],
  [
    'the SELinux type of engines',
    ['container_engine_t'],
    (type) => pod({ securityContext: { seLinuxOptions: { type } } }),
    'v1.31',
  ],
  [
    'AppArmor profiles',
    ['RuntimeDefault', 'Localhost'],
    (type) => pod({ securityContext: { appArmorProfile: { type } } }),
    'v1.0',
  ],
  [
    'AppArmor profiles by annotation',
    ['runtime/default', 'localhost/x', ''],
    (value) => pod({}, { 'container.apparmor.security.beta.kubernetes.io/c': value }),
    'v1.0',
  ],
  [
    'seccomp profiles',
    ['RuntimeDefault', 'Localhost'],
    (type) => pod({ containers: [good('c', { seccompProfile: { type } })] }),
    'v1.19',
    'restricted',
  ],
  ['the default /proc', ['Default'], (procMount) => pod({ containers: [good('c', { procMount })] }), 'v1.0'],
])('allows %s', (_what, values, of, since, level = 'baseline') => {
  const before = parseVersion(since)?.minor ?? 0;
  for (const value of values) {
    for (const minor of [before, before + 1, 40]) expect(faults(level, `v1.${minor}`, of(value)), value).toBe('');
    if (before > 0 && !since.endsWith('.19')) expect(faults(level, `v1.${before - 1}`, of(value)), value).not.toBe('');
  }
});

test.each<[string, readonly string[], (value: string) => JsonObject, string]>([
  [
    'volumes',
    'gcePersistentDisk awsElasticBlockStore gitRepo nfs iscsi glusterfs rbd flexVolume cinder cephfs flocker fc azureFile vsphereVolume quobyte azureDisk portworxVolume scaleIO storageos photonPersistentDisk hostPath'.split(
      ' ',
    ),
    (type) => pod({ volumes: [{ name: 'v', [type]: {} }] }),
    'restricted volume types (volume "v" uses restricted volume type "VALUE")',
  ],
  [
    'capabilities beside the one that a server needs',
    ['CHOWN', 'KILL', 'ALL'],
    (value) => pod({ containers: [good('c', { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', value] } })] }),
    'unrestricted capabilities (container "c" must not include "VALUE" in securityContext.capabilities.add)',
  ],
  [
    'hosts of every probe and hook',
    ['livenessProbe', 'readinessProbe', 'startupProbe'],
    (probe) => pod({ containers: [good('c', {}, { [probe]: { tcpSocket: { host: probe } } })] }),
    'probe or lifecycle host (container "c" uses probe or lifecycle host "VALUE")',
  ],
  [
    'hosts of every hook',
    ['preStop', 'postStart'],
    (hook) => pod({ containers: [good('c', {}, { lifecycle: { [hook]: { httpGet: { host: hook } } } })] }),
    'probe or lifecycle host (container "c" uses probe or lifecycle host "VALUE")',
  ],
])('forbids at restricted: %s', (_what, values, of, text) => {
  for (const value of values) expect(faults('restricted', 'latest', of(value))).toContain(text.replace('VALUE', value));
});

test('SELinux names only what is wrong', () => {
  const options = (seLinuxOptions: JsonObject) =>
    faults('baseline', 'latest', pod({ securityContext: { seLinuxOptions } }));
  const head = 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: ';
  expect(options({ type: 'spc_t' })).toBe(`${head}type "spc_t")`);
  expect(options({ user: 'u' })).toBe(`${head}user may not be set)`);
  expect(options({ role: 'r' })).toBe(`${head}role may not be set)`);
  expect(options({ level: 's0' })).toBe('');
  const containers = [
    good('c', { seLinuxOptions: { type: 'spc_t' } }),
    good('d', { seLinuxOptions: { type: 'b_t' } }),
    good('e', { seLinuxOptions: { type: 'spc_t' } }),
  ];
  expect(faults('baseline', 'latest', pod({ containers }))).toBe(
    'seLinuxOptions (containers "c", "d", "e" set forbidden securityContext.seLinuxOptions: types "b_t", "spc_t")',
  );
});

test('seccomp and AppArmor name each bad profile once, and who sets it', () => {
  const bad = (field: string) =>
    pod({
      securityContext: { [field]: { type: 'B' } },
      containers: [
        good('c', { [field]: { type: 'A' } }),
        good('d', { [field]: { type: 'B' } }),
        good('e', { [field]: { type: 'Localhost' } }),
      ],
    });
  expect(faults('baseline', 'latest', bad('seccompProfile'))).toBe(
    'seccompProfile (pod and containers "c", "d" must not set securityContext.seccompProfile.type to "A", "B")',
  );
  expect(faults('baseline', 'latest', bad('appArmorProfile'))).toContain(
    '(pod and containers "c", "d" must not set AppArmor profile type to "A", "B")',
  );
});

test('seccomp by annotation may be that of the runtime, of Docker or of the node; others are named in order', () => {
  const of = (value: string, more: JsonObject = {}) =>
    faults('baseline', 'v1.18', pod({}, { 'seccomp.security.alpha.kubernetes.io/pod': value, ...more }));
  for (const value of ['runtime/default', 'docker/default', 'localhost/x']) expect(of(value), value).toBe('');
  for (const value of ['', 'docker/defaults', 'x/localhost/']) expect(of(value), value).toContain('seccompProfile');
  expect(of('b', { 'container.seccomp.security.alpha.kubernetes.io/c': 'a', 'other/c': 'a' })).toBe(
    'seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/c="a", seccomp.security.alpha.kubernetes.io/pod="b")',
  );
});

test('what a pod says of running as root counts for its containers that say nothing', () => {
  const of = (ofPod: JsonObject, ofContainer: JsonObject) =>
    faults('restricted', 'latest', pod({ securityContext: ofPod, containers: [good('c', ofContainer)] }));
  expect(of({ runAsNonRoot: true }, { runAsNonRoot: null })).toBe('');
  expect(of({ runAsNonRoot: true }, { runAsNonRoot: false })).toBe(
    'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
  );
  expect(of({}, { runAsNonRoot: true })).toBe('');
  expect(of({ runAsUser: 0 }, {})).toBe('runAsUser=0 (pod must not set runAsUser=0)');
  expect(of({ runAsUser: 0 }, { runAsUser: 0 })).toBe('runAsUser=0 (pod and container "c" must not set runAsUser=0)');
  expect(of({ runAsUser: 1 }, { runAsUser: 1 })).toBe('');
  expect(of({ seccompProfile: { type: 'RuntimeDefault' } }, { seccompProfile: null })).toBe('');
});
