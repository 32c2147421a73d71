import type { TypeTable } from '../grammar.js';

/** Types of networking.v1; one line per field, see ../grammar.ts. */
export const types = {
  HTTPIngressPath: {
    '': '| A path and the backend that serves it.',
    path: 'string 1 | Path of the request; begins with /.',
    pathType: '*string 3 required always enum=Exact,ImplementationSpecific,Prefix | Exact: the path itself; Prefix: it and what lies below; ImplementationSpecific: up to the class.',
    backend: 'IngressBackend 2 required | Where requests go.',
  },
  HTTPIngressRuleValue: {
    '': '| Paths of a host.',
    paths: '[]HTTPIngressPath 1 required always list=atomic | The paths.',
  },
  Ingress: {
    '': 'kind | Routes HTTP requests from outside to Services.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'IngressSpec 2 | What is wanted. Users write it.',
    status: 'IngressStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  IngressBackend: {
    '': '| Where requests go: a Service, or another resource.',
    service: '*IngressServiceBackend 4 | The Service; not together with resource.',
    resource: '*core.v1.TypedLocalObjectReference 3 | Another object in the same namespace; not together with service.',
  },
  IngressClass: {
    '': 'kind | A kind of ingress controller, that Ingresses name.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'IngressClassSpec 2 | The controller and its parameters.',
  },
  IngressClassList: {
    '': 'kind | A list of IngressClass objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]IngressClass 2 required always | The objects.',
  },
  IngressClassParametersReference: {
    '': '| Object with the settings of a class.',
    apiGroup: '*string 1 | Group of the object; absent means core.',
    kind: 'string 2 required always | Kind of the object.',
    name: 'string 3 required always | Name of the object.',
    scope: '*string 4 always | Cluster (default) or Namespace.',
    namespace: '*string 5 | Namespace of the object; required with the scope Namespace.',
  },
  IngressClassSpec: {
    '': '| Controller of a class.',
    controller: 'string 1 | Name of the controller, such as example.com/ingress. Cannot be changed.',
    parameters: '*IngressClassParametersReference 2 | Object with further settings.',
  },
  IngressList: {
    '': 'kind | A list of Ingress objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]Ingress 2 required always | The objects.',
  },
  IngressLoadBalancerIngress: {
    '': '| An address of a load balancer.',
    ip: 'string 1 | IP address.',
    hostname: 'string 2 | DNS name.',
    ports: '[]IngressPortStatus 4 list=atomic | Ports and how they fare.',
  },
  IngressLoadBalancerStatus: {
    '': '| Addresses of the load balancer.',
    ingress: '[]IngressLoadBalancerIngress 1 list=atomic | The addresses.',
  },
  IngressPortStatus: {
    '': '| How a port of a load balancer fares.',
    port: 'int32 1 required always | Number of the port.',
    protocol: 'string 2 required always enum=SCTP,TCP,UDP | TCP, UDP or SCTP.',
    error: '*string 3 | What is wrong, in a word.',
  },
  IngressRule: {
    '': '| Paths of a host.',
    host: 'string 1 | DNS name, with * as its first part for all below; empty means every host.',
    http: '*HTTPIngressRuleValue 2.1 |',
  },
  IngressServiceBackend: {
    '': '| A Service that serves requests.',
    name: 'string 1 required always | Name of the Service, in the same namespace.',
    port: 'ServiceBackendPort 2 | Port of the Service.',
  },
  IngressSpec: {
    '': '| Rules of an Ingress.',
    ingressClassName: '*string 4 | Name of the IngressClass; absent means the default one.',
    defaultBackend: '*IngressBackend 1 | Where requests go that match no rule.',
    tls: '[]IngressTLS 2 list=atomic | Hosts that are served with TLS.',
    rules: '[]IngressRule 3 list=atomic | Hosts and paths.',
  },
  IngressStatus: {
    '': '| Where an Ingress can be reached.',
    loadBalancer: 'IngressLoadBalancerStatus 1 | Addresses of the load balancer.',
  },
  IngressTLS: {
    '': '| A certificate and its hosts.',
    hosts: '[]string 1 list=atomic | Hosts that the certificate is for.',
    secretName: 'string 2 | Secret with the certificate and key.',
  },
  IPAddress: {
    '': 'kind | An address of a Service that is taken. Its name is the address.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'IPAddressSpec 2 required | Who uses the address.',
  },
  IPAddressList: {
    '': 'kind | A list of IPAddress objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]IPAddress 2 required always | The objects.',
  },
  IPAddressSpec: {
    '': '| Who uses an address.',
    parentRef: '*ParentReference 1 required | The object, usually a Service.',
  },
  IPBlock: {
    '': '| A network without some parts.',
    cidr: 'string 1 required always | The network, such as 192.168.1.0/24.',
    except: '[]string 2 list=atomic | Parts of it that do not match.',
  },
  NetworkPolicy: {
    '': 'kind | Says which traffic the selected pods may send and get.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'NetworkPolicySpec 2 | Pods and the traffic that is allowed.',
  },
  NetworkPolicyEgressRule: {
    '': '| Traffic that the pods may send.',
    ports: '[]NetworkPolicyPort 1 list=atomic | Ports; empty means all.',
    to: '[]NetworkPolicyPeer 2 list=atomic | Peers; empty means all.',
  },
  NetworkPolicyIngressRule: {
    '': '| Traffic that the pods may get.',
    ports: '[]NetworkPolicyPort 1 list=atomic | Ports; empty means all.',
    from: '[]NetworkPolicyPeer 2 list=atomic | Peers; empty means all.',
  },
  NetworkPolicyList: {
    '': 'kind | A list of NetworkPolicy objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]NetworkPolicy 2 required always | The objects.',
  },
  NetworkPolicyPeer: {
    '': '| A peer: pods, namespaces, or a network.',
    podSelector: '*meta.v1.LabelSelector 1 | Labels of the pods; in the policy\'s namespace unless namespaceSelector is set.',
    namespaceSelector: '*meta.v1.LabelSelector 2 | Labels of the namespaces; empty means all.',
    ipBlock: '*IPBlock 3 | The network; not together with the selectors.',
  },
  NetworkPolicyPort: {
    '': '| A port or a range of ports.',
    protocol: '*string 1 enum=SCTP,TCP,UDP | TCP (default), UDP or SCTP.',
    port: '*intOrString 2 | Number or name of the port; absent means all.',
    endPort: '*int32 3 | Last port of a range that begins with port.',
  },
  NetworkPolicySpec: {
    '': '| Pods and the traffic that is allowed.',
    podSelector: 'meta.v1.LabelSelector 1 | Labels of the pods; empty means all pods of the namespace.',
    ingress: '[]NetworkPolicyIngressRule 2 list=atomic | Traffic that they may get; none when the list is empty.',
    egress: '[]NetworkPolicyEgressRule 3 list=atomic | Traffic that they may send; none when the list is empty.',
    policyTypes: '[]string 4 list=atomic enum=Egress,Ingress | Ingress, Egress or both; default is Ingress, and Egress when there are rules for it.',
  },
  ParentReference: {
    '': '| An object in full.',
    group: 'string 1 | API group.',
    resource: 'string 2 required | Plural resource.',
    namespace: 'string 3 | Namespace.',
    name: 'string 4 required | Name.',
  },
  ServiceBackendPort: {
    '': 'map=atomic | A port of a Service, by name or number.',
    name: 'string 1 | Name of the port; not together with number.',
    number: 'int32 2 | Number of the port; not together with name.',
  },
  ServiceCIDR: {
    '': 'kind | A range of addresses for Services.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'ServiceCIDRSpec 2 | The ranges.',
    status: 'ServiceCIDRStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  ServiceCIDRList: {
    '': 'kind | A list of ServiceCIDR objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]ServiceCIDR 2 required always | The objects.',
  },
  ServiceCIDRSpec: {
    '': '| The ranges.',
    cidrs: '[]string 1 list=atomic | One range, or two of different families. Cannot be changed.',
  },
  ServiceCIDRStatus: {
    '': '| State of a range.',
    conditions: '[]meta.v1.Condition 1 list=map:type patch=merge:type | What is true of the object at present, one entry per type.',
  },
} as const satisfies TypeTable;
