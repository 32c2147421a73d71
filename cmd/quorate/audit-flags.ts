import type { Flag } from './flags.js';

/** Mode, batches and truncation of one backend, with kube-apiserver's defaults. */
function backendFlags(plugin: 'log' | 'webhook', mode: string, batch: Readonly<Record<string, string>>): Flag[] {
  const flag = (name: string, type: Flag['type'], help: string, value?: string): Flag => ({
    name: `audit-${plugin}-${name}`,
    type,
    help,
    ...(value === undefined ? {} : { default: value }),
  });
  return [
    flag('mode', 'string', 'How audit events are sent: batch, blocking or blocking-strict.', mode),
    flag('batch-buffer-size', 'int', 'Events that may wait in mode batch; those beyond are lost.', '10000'),
    flag('batch-max-size', 'int', 'Events in one batch.', batch['max-size']),
    flag('batch-max-wait', 'duration', 'How long a batch waits to be full.', batch['max-wait']),
    flag('batch-throttle-enable', 'bool', 'Whether batches are throttled.', batch['throttle-enable']),
    flag('batch-throttle-qps', 'float32', 'Batches per second.', batch['throttle-qps']),
    flag('batch-throttle-burst', 'int', 'Batches at once after a pause.', batch['throttle-burst']),
    flag('truncate-enabled', 'bool', 'Whether large events lose their bodies.', 'false'),
    flag('truncate-max-batch-size', 'int', 'Bytes of a batch; larger ones are split.', '10485760'),
    flag('truncate-max-event-size', 'int', 'Bytes of an event; larger ones lose their bodies.', '102400'),
    flag('version', 'string', 'Group and version of the events.', 'audit.k8s.io/v1'),
  ];
}

/** kube-apiserver's flags about audit. */
export const AUDIT_FLAGS: readonly Flag[] = [
  { name: 'audit-policy-file', type: 'string', help: 'File with the audit policy; without it nothing is recorded.' },
  { name: 'audit-log-path', type: 'string', help: "File that audit events are written to; '-' is standard output." },
  { name: 'audit-log-maxage', type: 'int', default: '366', help: 'Days that old audit logs are kept; 0 for ever.' },
  { name: 'audit-log-maxbackup', type: 'int', default: '100', help: 'Old audit logs that are kept; 0 for all.' },
  {
    name: 'audit-log-maxsize',
    type: 'int',
    default: '100',
    help: 'Megabytes at which the audit log is set aside; 0 for never.',
  },
  { name: 'audit-log-format', type: 'string', default: 'json', help: 'Format of the audit log: json or legacy.' },
  { name: 'audit-log-compress', type: 'bool', default: 'false', help: 'Compress old audit logs.' },
  ...backendFlags('log', 'blocking', {
    'max-size': '1',
    'max-wait': '0s',
    'throttle-enable': 'false',
    'throttle-qps': '0',
    'throttle-burst': '0',
  }),
  {
    name: 'audit-webhook-config-file',
    type: 'string',
    help: 'kubeconfig of the server that audit events are sent to.',
  },
  {
    name: 'audit-webhook-initial-backoff',
    type: 'duration',
    default: '10s',
    help: 'Pause before a failed batch is sent again; each further one is longer.',
  },
  ...backendFlags('webhook', 'batch', {
    'max-size': '400',
    'max-wait': '30s',
    'throttle-enable': 'true',
    'throttle-qps': '10',
    'throttle-burst': '15',
  }),
];
