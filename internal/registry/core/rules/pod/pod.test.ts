import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../machinery/json.js';
import { fieldErrorsOf, contextOf } from '../../../generic/field-errors.testkit.js';
import { strategyFor } from '../../../index.js';

const pods = strategyFor('', 'pods');
const fieldErrors = fieldErrorsOf('', 'pods');

/** A pod with its defaults. `spec` and `container` are laid over a valid one. */
function pod(spec: JsonObject, container: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  const made: JsonObject = {
    metadata: { name: 'p', ...metadata },
    spec: { containers: [{ name: 'c', image: 'busybox', ...container }], ...spec },
  };
  pods.defaults?.(made);
  return made;
}
const C = 'spec.containers[0]';

describe('pods (ValidatePodCreate)', () => {
  it('finds nothing wrong with a pod of every part', () => {
    const spec: JsonObject = {
      volumes: [
        { name: 'scratch' },
        { name: 'files', configMap: { name: 'cm', items: [{ key: 'a', path: 'x/a' }] } },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      ],
      initContainers: [
        { name: 'sidecar', image: 'i', restartPolicy: 'Always', livenessProbe: { exec: { command: ['x'] } } },
      ],
      nodeSelector: { zone: 'a' },
      tolerations: [{ operator: 'Exists' }],
      dnsConfig: { nameservers: ['10.0.0.1'], searches: ['a.b', '_c.d'], options: [{ name: 'ndots', value: '2' }] },
      hostAliases: [{ ip: '10.0.0.2', hostnames: ['a.b'] }],
      readinessGates: [{ conditionType: 'example.com/ready' }],
      securityContext: { runAsUser: 1, seccompProfile: { type: 'RuntimeDefault' } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    };
    const container: JsonObject = {
      ports: [{ name: 'http', containerPort: 80 }],
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }],
      envFrom: [{ secretRef: { name: 's' } }],
      resources: { limits: { cpu: '1', 'example.com/gpu': '1' }, requests: { cpu: '500m', 'example.com/gpu': '1' } },
      volumeMounts: [{ name: 'scratch', mountPath: '/s', subPath: 'a' }],
      volumeDevices: [{ name: 'data', devicePath: '/dev/x' }],
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
    };
    expect(fieldErrors(pod(spec, container))).toEqual([]);
  });

  it.each<[string, JsonObject, string[]]>([
    ['no containers', { containers: [] }, ['spec.containers: Required value']],
    [
      'no DNS at all',
      { dnsPolicy: 'None' },
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'more name servers than resolvers read',
      { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } },
      [
        'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers',
      ],
    ],
    [
      'two volumes of one name',
      { volumes: [{ name: 'v' }, { name: 'v' }] },
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      'a volume that is two things',
      { volumes: [{ name: 'v', hostPath: { path: '/' }, cephfs: { monitors: ['m'] } }] },
      ['spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a path out of the volume',
      { volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: '../k', mode: 512 }] } }] },
      [
        'spec.volumes[0].secret.items[0].path: Invalid value: "../k": must not contain \'..\'',
        'spec.volumes[0].secret.items[0].mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      'two files at one place of a projected volume',
      {
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [
                { secret: { name: 's', items: [{ key: 'k', path: 'f' }] } },
                { configMap: { name: 'm', items: [{ key: 'k', path: 'f' }] } },
              ],
            },
          },
        ],
      },
      ['spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths'],
    ],
    [
      'a claim template that names what it makes',
      {
        volumes: [
          {
            name: 'v',
            ephemeral: {
              volumeClaimTemplate: {
                metadata: { name: 'n' },
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
              },
            },
          },
        ],
      },
      ['spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set'],
    ],
    [
      'a toleration with value and Exists',
      { tolerations: [{ key: 'k', operator: 'Exists', value: 'v' }] },
      ['spec.tolerations[0].operator: Invalid value: "v": value must be empty when `operator` is \'Exists\''],
    ],
    [
      'another port of the host than of the container',
      { hostNetwork: true, containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 81 }] }] },
      [`${C}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`],
    ],
    [
      'spread twice over the same',
      {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
          { maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
      [
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, DoNotSchedule}"',
        'spec.topologySpreadConstraints[1].maxSkew: Invalid value: 0: must be greater than zero',
      ],
    ],
    [
      'a term of pod affinity without its topology',
      { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] } } },
      [
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        expect.stringMatching(/name part must consist of/),
      ],
    ],
    [
      "a sysctl of a network that is the host's",
      { hostNetwork: true, securityContext: { sysctls: [{ name: 'net/core/somaxconn', value: '1' }] } },
      [
        'spec.securityContext.sysctls[0].name: Invalid value: "net/core/somaxconn": may not be specified when \'hostNetwork\' is true',
      ],
    ],
    [
      'a group that is no number of a group',
      { securityContext: { supplementalGroups: [1, -1] } },
      ['spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
    ],
    [
      'options of another system',
      { os: { name: 'windows' }, hostPID: true, securityContext: { runAsUser: 1 } },
      [
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
      ],
    ],
    [
      'held back and placed',
      { nodeName: 'n', schedulingGates: [{ name: 'a/b' }] },
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'a claim of devices that is nothing',
      { resourceClaims: [{ name: 'r' }] },
      [
        'spec.resourceClaims[0]: Invalid value: {"Name":"r","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      ],
    ],
    [
      'more for its containers than for itself',
      {
        resources: { requests: { cpu: '1' } },
        containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }],
      },
      [
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      ],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(fieldErrors(pod(spec))).toEqual(expected);
  });

  it.each<[string, JsonObject, string[]]>([
    [
      'a mount of no volume, twice at one place',
      {
        volumeMounts: [
          { name: 'v', mountPath: '/d' },
          { name: 'v', mountPath: '/d' },
        ],
      },
      [
        `${C}.volumeMounts[0].name: Not found: "v"`,
        `${C}.volumeMounts[1].name: Not found: "v"`,
        `${C}.volumeMounts[1].mountPath: Invalid value: "/d": must be unique`,
      ],
    ],
    [
      'ports that are none',
      { ports: [{ containerPort: 70_000, name: 'UPPER' }, { protocol: 'X' }] },
      [
        expect.stringMatching(/ports\[0\]\.name: Invalid value: "UPPER": must contain only/),
        expect.stringMatching(/ports\[0\]\.name: Invalid value: "UPPER": must contain at least one letter/),
        `${C}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
        `${C}.ports[1].containerPort: Required value`,
        `${C}.ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"`,
      ],
    ],
    [
      'a probe with two handlers, of which the second is not looked at',
      { livenessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 0 }, successThreshold: 2 } },
      [
        `${C}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
        `${C}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
      ],
    ],
    [
      'a sleep longer than the grace',
      { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
      [
        `${C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
      ],
    ],
    [
      'variables from nowhere and from two places',
      {
        env: [
          { name: 'A', valueFrom: {} },
          { name: 'B', value: 'x', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } },
          { name: 'C=', valueFrom: { secretKeyRef: { name: 'M', key: '..' } } },
        ],
      },
      [
        `${C}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
        `${C}.env[1].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
        expect.stringMatching(/env\[2\]\.name: Invalid value: "C="/),
        expect.stringMatching(/env\[2\]\.valueFrom\.secretKeyRef\.name: Invalid value: "M"/),
        expect.stringMatching(/env\[2\]\.valueFrom\.secretKeyRef\.key: Invalid value: "\.\."/),
      ],
    ],
    [
      'a field that the downward API does not know',
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] },
      [
        `${C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x`,
      ],
    ],
    [
      'requests beyond limits, negative, and of no known kind',
      { resources: { limits: { cpu: '1', memory: '-1' }, requests: { cpu: '2', gpu: '1' } } },
      [
        `${C}.resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`,
        `${C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
        `${C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
        `${C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
        `${C}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
      ],
    ],
    [
      'part of a huge page, and nothing else',
      { resources: { limits: { 'hugepages-2Mi': '3Mi' }, requests: { 'hugepages-2Mi': '3Mi' } } },
      [
        `${C}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
        `${C}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
        `${C}.resources: Forbidden: HugePages require cpu or memory`,
      ],
    ],
    [
      'claims that the pod does not have',
      { resources: { claims: [{ name: 'a' }, { name: 'a' }] } },
      [
        `${C}.resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty`,
        `${C}.resources.claims[1]: Duplicate value: "a"`,
        `${C}.resources.claims[1]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty`,
      ],
    ],
    [
      'a profile in a place that has none',
      { securityContext: { seccompProfile: { type: 'Unconfined', localhostProfile: 'x' }, procMount: 'Unmasked' } },
      [
        `${C}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
        `${C}.securityContext.seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"x"}: can only be set when seccomp type is Localhost`,
      ],
    ],
    [
      'a Windows user with bad parts',
      { securityContext: { windowsOptions: { runAsUserName: 'a b*\\..' } } },
      [
        `${C}.securityContext.windowsOptions.runAsUserName: Invalid value: "a b*\\\\..": runAsUserName's Domain doesn't match the NetBios nor the DNS format`,
        `${C}.securityContext.windowsOptions.runAsUserName: Invalid value: "a b*\\\\..": runAsUserName's User cannot contain only periods or spaces`,
      ],
    ],
    [
      'an image with a blank',
      { image: 'i ' },
      [`${C}.image: Invalid value: "i ": must not have leading or trailing whitespace`],
    ],
  ])('%s', (_what, container, expected) => {
    expect(fieldErrors(pod({}, container))).toEqual(expected);
  });

  it('writes out what the labels of a pod mean for where it runs, and refuses what is said twice', () => {
    const constraint = (labelSelector: JsonObject): JsonObject => ({
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector,
      matchLabelKeys: ['hash', 'other'],
    });
    const made = (labelSelector: JsonObject): JsonObject => {
      const o = pod({ topologySpreadConstraints: [constraint(labelSelector)] }, {}, { labels: { hash: 'x' } });
      pods.prepareForCreate?.(contextOf('', 'v1', 'pods'), o);
      return o;
    };
    const written = made({ matchLabels: { app: 'a' } });
    expect((written['spec'] as JsonObject)['topologySpreadConstraints']).toMatchObject([
      { labelSelector: { matchExpressions: [{ key: 'hash', operator: 'In', values: ['x'] }] } },
    ]);
    expect(fieldErrors(written)).toEqual([]);
    expect(fieldErrors(made({ matchLabels: { hash: 'x' } }))).toEqual([
      'spec.topologySpreadConstraints[0][0]: Invalid value: "hash": exists in both matchLabelKeys and labelSelector',
    ]);
  });

  it('asks a policy of an init container first, and takes no restart from one that ends', () => {
    const rule = { action: '', exitCodes: { operator: '' } };
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    const init = { name: 'i', image: 'i', restartPolicyRules: [rule], resizePolicy };
    const wrong = fieldErrors(pod({ initContainers: [init] }, { restartPolicyRules: [rule] }));
    expect(wrong.map((text) => text.slice(0, text.indexOf(' value')))).toEqual([
      `${C}.restartPolicy: Required`,
      `${C}.restartPolicyRules[0].action: Unsupported`,
      `${C}.restartPolicyRules[0].exitCodes.operator: Unsupported`,
      'spec.initContainers[0].restartPolicy: Required',
      'spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid',
    ]);
    const before = pod({ initContainers: [{ name: 'i', image: 'i', resizePolicy }] });
    expect(fieldErrors(before, before)).toEqual([]);
  });

  it('what its containers take together fits into what the whole pod asks for', () => {
    const of = (cpu: string): JsonObject => ({ limits: { cpu }, requests: { cpu } });
    const sidecar = { name: 's', image: 'i', restartPolicy: 'Always', resources: of('1') };
    const init = { name: 'i', image: 'i', resources: of('2') };
    const spec = { initContainers: [sidecar, init], resources: { ...of('1'), claims: [{ name: 'c' }] } };
    expect(fieldErrors(pod(spec, { resources: of('1500m') }))).toEqual([
      'spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level',
      'spec.resources.claims[0]: Not found: "c": must be one of the names in pod.spec.resourceClaims which is empty',
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 3',
      'spec.resources.containers[0][cpu].limits: Invalid value: "1500m": must be less than or equal to pod limits of 1',
    ]);
  });

  it('reads variables only from files that its containers can write', () => {
    const from = (volumeName: string): JsonObject => ({
      name: 'A',
      valueFrom: { fileKeyRef: { volumeName, path: 'f', key: 'K' } },
    });
    const volumes = [
      { name: 'own', emptyDir: {} },
      { name: 'cm', configMap: { name: 'cm' } },
    ];
    expect(fieldErrors(pod({ volumes }, { env: [from('own'), from('cm'), from('none')] }))).toEqual([
      `${C}.env[1].valueFrom.fileKeyRef.volumeName: Invalid value: "cm": referenced volume must be of type emptyDir`,
      `${C}.env[2].valueFrom.fileKeyRef.volumeName: Not found: "none"`,
    ]);
  });

  it('takes what is known but not switched on only where it stood before', () => {
    const mounted = pod({ securityContext: { seLinuxChangePolicy: 'MountOption' } });
    const text =
      'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"';
    expect(fieldErrors(mounted)).toEqual([text]);
    expect(fieldErrors(mounted, mounted)).toEqual([]);
    const tolerations = [{ key: 'a', operator: 'Gt', value: '1' }];
    expect(fieldErrors(pod({ tolerations }))).toEqual([
      'spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"',
    ]);
  });

  it('holds annotations and fields about security profiles against each other', () => {
    const metadata = { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } };
    const context = { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } };
    expect(fieldErrors(pod({}, context, metadata))).toEqual([
      `${C}.securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match`,
    ]);
  });
});

describe('changed pods (ValidatePodUpdate)', () => {
  const old = pod({ activeDeadlineSeconds: 100, tolerations: [{ key: 'a', operator: 'Exists' }] });
  const changed = (change: (spec: JsonObject) => void, from = old): string[] => {
    const now = structuredClone(from);
    change(now['spec'] as JsonObject);
    return fieldErrors(now, from);
  };
  const container = (spec: JsonObject): JsonObject => (spec['containers'] as JsonObject[])[0] ?? {};
  const NOT_ALLOWED = 'spec: Forbidden: pod updates may not change fields other than';

  it('may have other images, more tolerations and a nearer deadline', () => {
    expect(
      changed((spec) => {
        container(spec)['image'] = 'busybox:2';
        spec['activeDeadlineSeconds'] = 50;
        (spec['tolerations'] as JsonValue[]).push({ key: 'b', operator: 'Exists' });
      }),
    ).toEqual([]);
  });

  it('shows what else was changed', () => {
    const [fieldError, ...others] = changed((spec) => (spec['terminationGracePeriodSeconds'] = 31));
    expect(others).toEqual([]);
    expect(fieldError?.startsWith(NOT_ALLOWED)).toBe(true);
    expect(fieldError).toContain('- "TerminationGracePeriodSeconds": 30,\n+ "TerminationGracePeriodSeconds": 31,\n');
  });

  it.each<[string, (spec: JsonObject) => void, string]>([
    [
      'a later deadline',
      (spec) => (spec['activeDeadlineSeconds'] = 101),
      'spec.activeDeadlineSeconds: Invalid value: 101: must be less than or equal to previous value',
    ],
    [
      'no deadline',
      (spec) => delete spec['activeDeadlineSeconds'],
      'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    ],
    [
      'fewer tolerations',
      (spec) => delete spec['tolerations'],
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'a new gate',
      (spec) => (spec['schedulingGates'] = [{ name: 'a/b' }]),
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a/b'",
    ],
    [
      'one container more',
      (spec) => (spec['containers'] as JsonValue[]).push({ ...container(spec), name: 'd' }),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
  ])('%s', (_what, change, expected) => {
    expect(changed(change)).toEqual([expected]);
  });

  it('may be sent to fewer nodes while a gate holds it back', () => {
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const terms = (...keys: readonly string[]): JsonObject => ({
      nodeAffinity: {
        [required]: { nodeSelectorTerms: [{ matchExpressions: keys.map((key) => ({ key, operator: 'Exists' })) }] },
      },
    });
    const gated = pod({ schedulingGates: [{ name: 'a/b' }], nodeSelector: { a: '1' }, affinity: terms('x') });
    expect(
      changed((spec) => {
        spec['nodeSelector'] = { a: '1', b: '2' };
        spec['affinity'] = terms('x', 'y');
      }, gated),
    ).toEqual([]);
    expect(
      changed((spec) => {
        spec['nodeSelector'] = { b: '2' };
        spec['affinity'] = terms('y');
      }, gated),
    ).toEqual([
      'spec.nodeSelector: Invalid value: {"b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      expect.stringMatching(
        /nodeSelectorTerms\[0\]: Invalid value: {"MatchExpressions":\[{"Key":.*,"MatchFields":null}: only additions are allowed \(no mutations or deletions\)$/,
      ),
    ]);
    expect(
      changed((spec) => {
        spec['affinity'] = {};
      }, gated),
    ).toEqual([
      expect.stringMatching(
        /nodeSelectorTerms: Invalid value: null: no additions\/deletions to non-empty NodeSelectorTerms list are allowed$/,
      ),
    ]);
  });

  it('keeps what was accepted once', () => {
    const before = pod({ dnsConfig: { nameservers: ['010.0.0.1'] } });
    expect(fieldErrors(structuredClone(before), before)).toEqual([]);
  });
});

describe('subresources of pods', () => {
  it('ephemeral containers come, stay and do little', () => {
    const old = pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] });
    const own = pod({ ephemeralContainers: [{ name: 'f', image: 'i', ports: [{ containerPort: 1 }] }] });
    expect(fieldErrors(own, old, 'ephemeralcontainers')).toEqual([
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ]);
  });

  it('a status says the truth about addresses, and nothing of the dead running again', () => {
    const ended = { name: 'c', state: { terminated: { exitCode: 0 } } };
    const old: JsonObject = { ...pod({ restartPolicy: 'Never' }), status: { containerStatuses: [ended] } };
    const now: JsonObject = {
      ...structuredClone(old),
      status: {
        containerStatuses: [{ name: 'c', state: { running: {} } }],
        podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
        hostIP: '10.0.0.3',
        hostIPs: [{ ip: '10.0.0.4' }],
      },
    };
    expect(fieldErrors(now, old, 'status')).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
      'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each IP family',
      'status.hostIPs[0].ip: Invalid value: "10.0.0.4": must be equal to `hostIP`',
    ]);
  });
});

describe('warnings about pods', () => {
  it('name what is accepted and hardly meant', () => {
    const warned = pods.warnings?.(
      pod(
        {
          hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
          nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
          volumes: [{ name: 'v', gitRepo: { repository: 'r' } }],
        },
        {
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
            { name: 'A', value: '$(A)3' },
          ],
          ports: [{ containerPort: 80 }, { containerPort: 80 }],
          resources: { limits: { memory: '100m' } },
        },
        { name: 'a.b' },
      ),
      undefined,
    );
    expect(warned).toEqual([
      expect.stringMatching(
        /^metadata\.name: this is used in the Pod's hostname, which can result in surprising behavior/,
      ),
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
      `${C}.resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer`,
      `${C}.resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer`,
      `${C}.env[1]: hides previous definition of "A", which may be dropped when using apply`,
      `${C}.ports[1]: duplicate port definition with ${C}.ports[0]`,
    ]);
  });

  it('are not repeated for a pod that exists', () => {
    const old = pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } });
    expect(pods.warnings?.(old, old)).toEqual([]);
  });
});
