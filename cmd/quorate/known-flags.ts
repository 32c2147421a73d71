import { ARCHIVE_FLAGS } from './archive-flags.js';
import { AUDIT_FLAGS } from './audit-flags.js';
import { AUTHENTICATION_FLAGS } from './authentication-flags.js';
import { AUTHORIZATION_FLAGS } from './authorization-flags.js';
import type { Flag } from './flags.js';
import { TRANSPORT_FLAGS } from './transport-flags.js';

const NOT_YET = 'not built yet';
const ETCD = 'there is no etcd: the replicas keep the data themselves';
const KUBELET_TIMEOUT = 'as in kube-apiserver, a kubelet may take its time: 30 s to connect, no limit to answer';
const HTTP1 = 'HTTP/1.1 only';
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

/** Every flag that `quorate serve` accepts. */
export const KNOWN_FLAGS: readonly Flag[] = [
  ...AUDIT_FLAGS,
  // The replica: names of our own.
  { name: 'name', type: 'string', default: 'default', help: 'Name of this replica, unique in the cluster.' },
  {
    name: 'data-dir',
    type: 'string',
    default: 'quorate-data',
    help: 'Directory for log and state; made when missing.',
  },
  {
    name: 'peer-listen',
    type: 'string',
    help: 'host:port for the gRPC between replicas. Not needed by a single replica.',
  },
  {
    name: 'initial-cluster',
    type: 'strings',
    help: 'All replicas of a new cluster: name=host:port,... (peer addresses).',
  },
  {
    name: 'initial-cluster-token',
    type: 'string',
    help: 'Keeps a new cluster apart from others whose members have the same names.',
  },
  {
    name: 'join',
    type: 'strings',
    help: 'Peer addresses (host:port) of members of a running cluster to join, instead of --initial-cluster.',
  },
  {
    name: 'peer-address',
    type: 'string',
    help: 'host:port under which the others reach this replica when it joins (default: --peer-listen).',
  },
  { name: 'peer-ca-file', type: 'string', help: 'Authority that signed the certificates of the other replicas.' },
  { name: 'peer-cert-file', type: 'string', help: 'Certificate that this replica shows to the others.' },
  { name: 'peer-key-file', type: 'string', help: 'Private key of --peer-cert-file.' },
  {
    name: 'renew-certificates',
    type: 'bool',
    default: 'true',
    help: 'Issue certificates anew in time, where the key of their authority lies beside them as quorate made it.',
  },
  {
    name: 'heartbeat-interval',
    type: 'duration',
    default: '100ms',
    help: 'How often the leader shows that it is there.',
  },
  {
    name: 'election-timeout',
    type: 'duration',
    default: '1s',
    help: 'Silence of the leader after which the others elect a new one.',
  },

  // Serving.
  { name: 'bind-address', type: 'string', default: '0.0.0.0', help: 'Address to serve HTTPS on.' },
  { name: 'secure-port', type: 'int', default: '6443', help: 'Port to serve HTTPS on.' },
  {
    name: 'spdy-bind-port',
    type: 'int',
    default: '0',
    help: 'Second port, with the same address and certificates, for clients that speak SPDY (kubectl up to 1.28); 0 for none.',
  },
  {
    name: 'endpoint-reconciler-type',
    type: 'string',
    default: 'lease',
    help: 'How the endpoints of the kubernetes service are kept: lease or none.',
  },
  { name: 'advertise-address', type: 'string', help: 'Address of this server as the members of the cluster see it.' },
  { name: 'external-hostname', type: 'string', help: 'Host name to use in URLs for clients.' },
  { name: 'tls-cert-file', type: 'string', help: 'Serving certificate. Without it one is made in --cert-dir.' },
  { name: 'tls-private-key-file', type: 'string', help: 'Private key of --tls-cert-file.' },
  { name: 'cert-dir', type: 'string', help: 'Where certificates are made when none are given (default DATA-DIR/pki).' },
  {
    name: 'min-request-timeout',
    type: 'int',
    default: '1800',
    help: 'Seconds that a watch stays open at least; the end is drawn between this and twice this.',
  },
  {
    name: 'request-timeout',
    type: 'duration',
    default: '1m0s',
    help: 'Longest time that a request other than a watch may take.',
  },
  {
    name: 'max-requests-inflight',
    type: 'int',
    default: '400',
    help: 'With priority and fairness: this and --max-mutating-requests-inflight together are the seats of this server. Without: reads handled at a time; more get 429, and 0 is no limit.',
  },
  {
    name: 'max-mutating-requests-inflight',
    type: 'int',
    default: '200',
    help: 'As --max-requests-inflight; without priority and fairness the writes handled at a time.',
  },
  {
    name: 'enable-priority-and-fairness',
    type: 'bool',
    default: 'true',
    help: 'Requests wait and are let in by FlowSchemas and PriorityLevelConfigurations.',
  },
  {
    name: 'shutdown-delay-duration',
    type: 'duration',
    default: '0s',
    help: 'Time between failing /readyz and closing the port when stopping.',
  },
  {
    name: 'enable-swagger-ui',
    type: 'bool',
    default: 'false',
    help: 'Show the API to a browser at /swagger-ui.',
  },
  { name: 'event-ttl', type: 'duration', default: '1h0m0s', help: 'How long events are kept.' },
  {
    name: 'etcd-compaction-interval',
    type: 'duration',
    default: '5m0s',
    help: 'How often old revisions are dropped; 0 never.',
  },
  {
    name: 'log-keep-entries',
    type: 'int',
    default: '100000',
    help: 'Log entries kept for replicas that fall behind; one that needs older ones is sent the whole state.',
  },
  ...ARCHIVE_FLAGS,

  ...TRANSPORT_FLAGS,
  ...AUTHENTICATION_FLAGS,
  ...AUTHORIZATION_FLAGS,

  // What.
  {
    name: 'service-cluster-ip-range',
    type: 'string',
    default: '10.96.0.0/12',
    help: 'CIDR from which services get their addresses.',
  },
  {
    name: 'service-node-port-range',
    type: 'string',
    default: '30000-32767',
    help: 'Ports for services of type NodePort.',
  },
  { name: 'allow-privileged', type: 'bool', default: 'false', help: 'Allow privileged containers.' },
  { name: 'enable-admission-plugins', type: 'strings', help: 'Admission plugins beside the default ones.' },
  { name: 'disable-admission-plugins', type: 'strings', help: 'Default admission plugins to leave out.' },
  {
    name: 'admission-control-config-file',
    type: 'string',
    help: 'File with the configuration of admission plugins (AdmissionConfiguration).',
  },
  {
    name: 'enable-aggregator-routing',
    type: 'bool',
    default: 'false',
    help: 'Call services at the addresses of their endpoints, not at their cluster IP.',
  },
  {
    name: 'proxy-client-cert-file',
    type: 'string',
    help: 'Client certificate that is shown to aggregated API servers.',
  },
  { name: 'proxy-client-key-file', type: 'string', help: 'Key of --proxy-client-cert-file.' },
  {
    name: 'aggregator-reject-forwarding-redirect',
    type: 'bool',
    default: 'true',
    help: 'Do not pass redirects of aggregated API servers on to clients.',
  },
  { name: 'v', type: 'int', default: '2', help: 'How much the log says.' },

  // Kubelets.
  { name: 'kubelet-client-certificate', type: 'string', help: 'Certificate that kubelets are shown.' },
  { name: 'kubelet-client-key', type: 'string', help: 'Private key of --kubelet-client-certificate.' },
  {
    name: 'kubelet-certificate-authority',
    type: 'string',
    help: 'Authority of the certificates of kubelets; any certificate is taken when empty.',
  },
  {
    name: 'kubelet-preferred-address-types',
    type: 'strings',
    default: 'Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP',
    help: 'Which address of a node is used: the first of these that it has.',
  },

  // Accepted so that a kube-apiserver command line works.
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
  ignored('profiling', 'bool', 'use node --inspect', 'Profiling over HTTP.'),
  ignored('contention-profiling', 'bool', 'use node --inspect', 'Lock profiling.'),
  ignored('http2-max-streams-per-connection', 'int', HTTP1, 'HTTP/2 streams.'),
  ignored('disable-http2-serving', 'bool', HTTP1, 'HTTP/2 off.'),
  ignored('default-not-ready-toleration-seconds', 'int', NOT_YET, 'Toleration of not-ready nodes.'),
  ignored('default-unreachable-toleration-seconds', 'int', NOT_YET, 'Toleration of unreachable nodes.'),
  ignored('kubernetes-service-node-port', 'int', NOT_YET, 'Node port of the kubernetes service.'),
  refused('tls-curve-preferences', 'strings', 'Key exchange mechanisms.'),
  refused('egress-selector-config-file', 'string', 'Egress proxies.'),
  ignored('tracing-config-file', 'string', NOT_YET, 'Tracing.'),
  ignored('livez-grace-period', 'duration', 'liveness does not wait for start-up', 'Grace for /livez.'),
  ignored('shutdown-send-retry-after', 'bool', NOT_YET, 'Answer 429 while stopping.'),
  ignored('shutdown-watch-termination-grace-period', 'duration', NOT_YET, 'Grace for watches.'),
  ignored('permit-port-sharing', 'bool', 'a port belongs to one replica', 'SO_REUSEPORT.'),
  ignored('permit-address-sharing', 'bool', 'always so', 'SO_REUSEADDR.'),
  ignored('enable-logs-handler', 'bool', 'there is none', 'The /logs path.'),
  ignored('logging-format', 'string', LOGS, 'Log format.'),
  ignored('log-flush-frequency', 'duration', LOGS, 'How often logs are flushed.'),
  ignored('vmodule', 'strings', LOGS, 'Verbosity by file.'),
  ignored('emulated-version', 'strings', NOT_YET, 'Version to emulate.'),
];
