import type { TypeTable } from '../grammar.js';

/** Types of networking.v1; one line per field, see ../grammar.ts. */
export const types = {
  HTTPIngressPath: {
    '': '|',
    path: 'string 1 |',
    pathType: '*string 3 required always enum=Exact,ImplementationSpecific,Prefix |',
    backend: 'IngressBackend 2 required |',
  },
  HTTPIngressRuleValue: {
    '': '|',
    paths: '[]HTTPIngressPath 1 required always list=atomic |',
  },
  Ingress: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'IngressSpec 2 |',
    status: 'IngressStatus 3 |',
  },
  IngressBackend: {
    '': '|',
    service: '*IngressServiceBackend 4 |',
    resource: '*core.v1.TypedLocalObjectReference 3 |',
  },
  IngressClass: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'IngressClassSpec 2 |',
  },
  IngressClassList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]IngressClass 2 required always |',
  },
  IngressClassParametersReference: {
    '': '|',
    apiGroup: '*string 1 |',
    kind: 'string 2 required always |',
    name: 'string 3 required always |',
    scope: '*string 4 |',
    namespace: '*string 5 |',
  },
  IngressClassSpec: {
    '': '|',
    controller: 'string 1 |',
    parameters: '*IngressClassParametersReference 2 |',
  },
  IngressList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]Ingress 2 required always |',
  },
  IngressLoadBalancerIngress: {
    '': '|',
    ip: 'string 1 |',
    hostname: 'string 2 |',
    ports: '[]IngressPortStatus 4 list=atomic |',
  },
  IngressLoadBalancerStatus: {
    '': '|',
    ingress: '[]IngressLoadBalancerIngress 1 list=atomic |',
  },
  IngressPortStatus: {
    '': '|',
    port: 'int32 1 required always |',
    protocol: 'string 2 required always enum=SCTP,TCP,UDP |',
    error: '*string 3 |',
  },
  IngressRule: {
    '': '|',
    host: 'string 1 |',
    http: '*HTTPIngressRuleValue 2.1 |',
  },
  IngressServiceBackend: {
    '': '|',
    name: 'string 1 required always |',
    port: 'ServiceBackendPort 2 |',
  },
  IngressSpec: {
    '': '|',
    ingressClassName: '*string 4 |',
    defaultBackend: '*IngressBackend 1 |',
    tls: '[]IngressTLS 2 list=atomic |',
    rules: '[]IngressRule 3 list=atomic |',
  },
  IngressStatus: {
    '': '|',
    loadBalancer: 'IngressLoadBalancerStatus 1 |',
  },
  IngressTLS: {
    '': '|',
    hosts: '[]string 1 list=atomic |',
    secretName: 'string 2 |',
  },
  IPAddress: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'IPAddressSpec 2 required |',
  },
  IPAddressList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]IPAddress 2 required always |',
  },
  IPAddressSpec: {
    '': '|',
    parentRef: '*ParentReference 1 required |',
  },
  IPBlock: {
    '': '|',
    cidr: 'string 1 required always |',
    except: '[]string 2 list=atomic |',
  },
  NetworkPolicy: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'NetworkPolicySpec 2 |',
  },
  NetworkPolicyEgressRule: {
    '': '|',
    ports: '[]NetworkPolicyPort 1 list=atomic |',
    to: '[]NetworkPolicyPeer 2 list=atomic |',
  },
  NetworkPolicyIngressRule: {
    '': '|',
    ports: '[]NetworkPolicyPort 1 list=atomic |',
    from: '[]NetworkPolicyPeer 2 list=atomic |',
  },
  NetworkPolicyList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]NetworkPolicy 2 required always |',
  },
  NetworkPolicyPeer: {
    '': '|',
    podSelector: '*meta.v1.LabelSelector 1 |',
    namespaceSelector: '*meta.v1.LabelSelector 2 |',
    ipBlock: '*IPBlock 3 |',
  },
  NetworkPolicyPort: {
    '': '|',
    protocol: '*string 1 enum=SCTP,TCP,UDP |',
    port: '*intOrString 2 |',
    endPort: '*int32 3 |',
  },
  NetworkPolicySpec: {
    '': '|',
    podSelector: 'meta.v1.LabelSelector 1 |',
    ingress: '[]NetworkPolicyIngressRule 2 list=atomic |',
    egress: '[]NetworkPolicyEgressRule 3 list=atomic |',
    policyTypes: '[]string 4 list=atomic enum=Egress,Ingress |',
  },
  ParentReference: {
    '': '|',
    group: 'string 1 |',
    resource: 'string 2 required |',
    namespace: 'string 3 |',
    name: 'string 4 required |',
  },
  ServiceBackendPort: {
    '': 'map=atomic |',
    name: 'string 1 |',
    number: 'int32 2 |',
  },
  ServiceCIDR: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'ServiceCIDRSpec 2 |',
    status: 'ServiceCIDRStatus 3 |',
  },
  ServiceCIDRList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]ServiceCIDR 2 required always |',
  },
  ServiceCIDRSpec: {
    '': '|',
    cidrs: '[]string 1 list=atomic |',
  },
  ServiceCIDRStatus: {
    '': '|',
    conditions: '[]meta.v1.Condition 1 list=map:type patch=merge:type |',
  },
} as const satisfies TypeTable;
