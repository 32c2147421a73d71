import type { Flag } from './flags.js';

const NOT_YET = 'not built yet';
const ETCD = 'there is no etcd: the replicas keep the data themselves';
const KUBELET_TIMEOUT = 'as in kube-apiserver, a kubelet may take its time: 30 s to connect, no limit to answer';
const HTTP1 = 'HTTP/1.1 only';
const EMULATION = 'this server is always of one version';
const ELECTION = 'the feature CoordinatedLeaderElection, off by default, is not built';
const PEERS = 'the feature UnknownVersionInteroperabilityProxy is not built';
const METRICS = 'labels are bounded, and every metric is shown';
const LOGS = 'one text line per event on standard error';

const ignored = (name: string, type: Flag['type'], why: string, help: string): Flag => ({
  name,
  type,
  help,
  ignored: why,
});

/** Something that protects the cluster, and that is not built. */
const refused = (name: string, type: Flag['type'], help: string): Flag => ({
  name,
  type,
  help,
  ignored: NOT_YET,
  refused: true,
});

/** Flags of kube-apiserver that are without effect, with the reason, and those that are refused until they are built. */
export const ACCEPTED_FLAGS: readonly Flag[] = [
  ignored('kubelet-timeout', 'duration', KUBELET_TIMEOUT, 'Timeout for kubelets.'),
  ignored('etcd-servers', 'strings', ETCD, 'etcd servers.'),
  ignored('etcd-cafile', 'string', ETCD, 'Authority of etcd.'),
  ignored('etcd-certfile', 'string', ETCD, 'Certificate for etcd.'),
  ignored('etcd-keyfile', 'string', ETCD, 'Key for etcd.'),
  ignored('etcd-prefix', 'string', ETCD, 'Key prefix in etcd.'),
  ignored('etcd-servers-overrides', 'strings', ETCD, 'etcd servers by resource.'),
  ignored('etcd-count-metric-poll-period', 'duration', ETCD, 'How often to count objects.'),
  ignored('etcd-db-metric-poll-interval', 'duration', ETCD, 'How often to measure the database.'),
  ignored('etcd-healthcheck-timeout', 'duration', ETCD, 'Health check timeout.'),
  ignored('etcd-readycheck-timeout', 'duration', ETCD, 'Readiness check timeout.'),
  ignored('storage-backend', 'string', ETCD, 'Storage backend.'),
  ignored('storage-media-type', 'string', 'objects are stored as JSON', 'Encoding in storage.'),
  ignored('watch-cache', 'bool', 'watches read the change history on disk', 'Watch cache.'),
  ignored('watch-cache-sizes', 'strings', 'watches read the change history on disk', 'Watch cache sizes.'),
  ignored('delete-collection-workers', 'int', 'one worker', 'Workers of a DeleteCollection.'),
  ignored('enable-garbage-collector', 'bool', 'the controller manager decides', 'Garbage collector.'),
  refused('encryption-provider-config', 'string', 'Encryption of data at rest.'),
  ignored('encryption-provider-config-automatic-reload', 'bool', NOT_YET, 'Reload encryption configuration.'),
  ignored('feature-gates', 'strings', NOT_YET, 'Features on and off.'),
  ignored('runtime-config', 'strings', NOT_YET, 'API versions on and off.'),
  ignored('contention-profiling', 'bool', 'one thread, and no locks', 'Lock profiling.'),
  ignored('http2-max-streams-per-connection', 'int', HTTP1, 'HTTP/2 streams.'),
  ignored('disable-http2-serving', 'bool', HTTP1, 'HTTP/2 off.'),
  refused('tls-curve-preferences', 'strings', 'Key exchange mechanisms.'),
  refused('egress-selector-config-file', 'string', 'Egress proxies.'),
  ignored('tracing-config-file', 'string', NOT_YET, 'Tracing.'),
  ignored('livez-grace-period', 'duration', 'liveness does not wait for start-up', 'Grace for /livez.'),
  ignored('shutdown-watch-termination-grace-period', 'duration', NOT_YET, 'Grace for watches.'),
  ignored('permit-port-sharing', 'bool', 'a port belongs to one replica', 'SO_REUSEPORT.'),
  ignored('permit-address-sharing', 'bool', 'always so', 'SO_REUSEADDR.'),
  ignored('enable-logs-handler', 'bool', 'there is none', 'The /logs path.'),
  ignored('logging-format', 'string', LOGS, 'Log format.'),
  ignored('log-flush-frequency', 'duration', LOGS, 'How often logs are flushed.'),
  ignored('vmodule', 'strings', LOGS, 'Verbosity by file.'),
  ignored('log-json-info-buffer-size', 'string', LOGS, 'Buffer of the JSON log.'),
  ignored('log-json-split-stream', 'bool', LOGS, 'Errors and other messages in two streams.'),
  ignored('log-text-info-buffer-size', 'string', LOGS, 'Buffer of the text log.'),
  ignored('log-text-split-stream', 'bool', LOGS, 'Errors and other messages in two streams.'),
  ignored('emulated-version', 'strings', EMULATION, 'Version to emulate.'),
  ignored('min-compatibility-version', 'strings', EMULATION, 'Oldest version to work with.'),
  ignored('emulation-forward-compatible', 'bool', EMULATION, 'Newer APIs beside those of the emulated version.'),
  ignored('runtime-config-emulation-forward-compatible', 'bool', EMULATION, 'Newer APIs of --runtime-config.'),
  ignored('coordinated-leadership-lease-duration', 'duration', ELECTION, 'Lease of a coordinated election.'),
  ignored('coordinated-leadership-renew-deadline', 'duration', ELECTION, 'Deadline of its renewal.'),
  ignored('coordinated-leadership-retry-period', 'duration', ELECTION, 'Pause between tries to renew it.'),
  ignored('peer-advertise-ip', 'string', PEERS, 'Address for requests of other API servers.'),
  ignored('peer-advertise-port', 'string', PEERS, 'Port for requests of other API servers.'),
  ignored('lease-reuse-duration-seconds', 'int', ETCD, 'How long a lease of etcd is used.'),
  ignored('storage-initialization-timeout', 'duration', '/readyz waits as long as it takes', 'Wait for the storage.'),
  ignored('send-retry-after-while-not-ready-once', 'bool', NOT_YET, '503 until ready, once.'),
  ignored('max-connection-bytes-per-sec', 'int', NOT_YET, 'Bytes per second of long-running requests.'),
  ignored(
    'debug-socket-path',
    'string',
    'profiles are at /debug/pprof/, for who may',
    'Unprotected socket for profiles.',
  ),
  ignored('allow-metric-labels', 'string', METRICS, 'Values that labels of metrics may have.'),
  ignored('allow-metric-labels-manifest', 'string', METRICS, 'File with them.'),
  ignored('disabled-metrics', 'strings', METRICS, 'Metrics to leave out.'),
  ignored('show-hidden-metrics-for-version', 'string', 'no metric is hidden', 'Metrics that a release hides.'),
];
