import { ACCEPTED_FLAGS } from './accepted-flags.js';
import { ARCHIVE_FLAGS } from './archive-flags.js';
import { AUDIT_FLAGS } from './audit-flags.js';
import { AUTHENTICATION_FLAGS } from './authentication-flags.js';
import { AUTHORIZATION_FLAGS } from './authorization-flags.js';
import type { Flag } from './flags.js';
import { TRANSPORT_FLAGS } from './transport-flags.js';

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
    help: 'How the endpoints of the kubernetes service are kept: lease (master-count is taken for it) or none.',
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
    name: 'shutdown-send-retry-after',
    type: 'bool',
    default: 'false',
    help: 'When stopping, after --shutdown-delay-duration, answer new requests with 429 until those that came before are answered; only then close the port.',
  },
  {
    name: 'kubernetes-service-node-port',
    type: 'int',
    default: '0',
    help: 'Node port of the kubernetes service, where it is made; 0 makes it a ClusterIP service.',
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
    help: 'Range from which services get their addresses; or an IPv4 and an IPv6 range, the usual one first.',
  },
  {
    name: 'service-node-port-range',
    type: 'string',
    default: '30000-32767',
    help: 'Ports for services of type NodePort.',
  },
  { name: 'allow-privileged', type: 'bool', default: 'false', help: 'Allow privileged containers.' },
  {
    name: 'admission-control',
    type: 'strings',
    help: 'All admission plugins that are on, in whatever order; deprecated: use --enable-admission-plugins.',
  },
  { name: 'enable-admission-plugins', type: 'strings', help: 'Admission plugins beside the default ones.' },
  { name: 'disable-admission-plugins', type: 'strings', help: 'Default admission plugins to leave out.' },
  {
    name: 'admission-control-config-file',
    type: 'string',
    help: 'File with the configuration of admission plugins (AdmissionConfiguration).',
  },
  {
    name: 'default-not-ready-toleration-seconds',
    type: 'int',
    default: '300',
    help: 'Seconds that pods stay on a node that is not ready, unless they say otherwise.',
  },
  {
    name: 'default-unreachable-toleration-seconds',
    type: 'int',
    default: '300',
    help: 'Seconds that pods stay on a node that is not reached, unless they say otherwise.',
  },
  {
    name: 'profiling',
    type: 'bool',
    default: 'true',
    help: 'Profiles of this process at /debug/pprof/.',
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

  ...ACCEPTED_FLAGS,
];
