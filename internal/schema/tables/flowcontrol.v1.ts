import type { TypeTable } from '../grammar.js';

/** Types of flowcontrol.v1; one line per field, see ../grammar.ts. */
export const types = {
  ExemptPriorityLevelConfiguration: {
    '': '|',
    nominalConcurrencyShares: '*int32 1 |',
    lendablePercent: '*int32 2 |',
  },
  FlowDistinguisherMethod: {
    '': '|',
    type: 'string 1 required always |',
  },
  FlowSchema: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'FlowSchemaSpec 2 |',
    status: 'FlowSchemaStatus 3 |',
  },
  FlowSchemaCondition: {
    '': '|',
    type: 'string 1 |',
    status: 'string 2 |',
    lastTransitionTime: 'time 3 |',
    reason: 'string 4 |',
    message: 'string 5 |',
  },
  FlowSchemaList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]FlowSchema 2 required always |',
  },
  FlowSchemaSpec: {
    '': '|',
    priorityLevelConfiguration: 'PriorityLevelConfigurationReference 1 required |',
    matchingPrecedence: 'int32 2 always |',
    distinguisherMethod: '*FlowDistinguisherMethod 3 |',
    rules: '[]PolicyRulesWithSubjects 4 list=atomic |',
  },
  FlowSchemaStatus: {
    '': '|',
    conditions: '[]FlowSchemaCondition 1 list=map:type patch=merge:type |',
  },
  GroupSubject: {
    '': '|',
    name: 'string 1 required always |',
  },
  LimitedPriorityLevelConfiguration: {
    '': '|',
    nominalConcurrencyShares: '*int32 1 |',
    limitResponse: 'LimitResponse 2 |',
    lendablePercent: '*int32 3 |',
    borrowingLimitPercent: '*int32 4 |',
  },
  LimitResponse: {
    '': 'union=type(queuing:Queuing) |',
    type: 'string 1 required always |',
    queuing: '*QueuingConfiguration 2 |',
  },
  NonResourcePolicyRule: {
    '': '|',
    verbs: '[]string 1 required always list=set |',
    nonResourceURLs: '[]string 6 required always list=set |',
  },
  PolicyRulesWithSubjects: {
    '': '|',
    subjects: '[]Subject 1 required always list=atomic |',
    resourceRules: '[]ResourcePolicyRule 2 list=atomic |',
    nonResourceRules: '[]NonResourcePolicyRule 3 list=atomic |',
  },
  PriorityLevelConfiguration: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'PriorityLevelConfigurationSpec 2 |',
    status: 'PriorityLevelConfigurationStatus 3 |',
  },
  PriorityLevelConfigurationCondition: {
    '': '|',
    type: 'string 1 |',
    status: 'string 2 |',
    lastTransitionTime: 'time 3 |',
    reason: 'string 4 |',
    message: 'string 5 |',
  },
  PriorityLevelConfigurationList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]PriorityLevelConfiguration 2 required always |',
  },
  PriorityLevelConfigurationReference: {
    '': '|',
    name: 'string 1 required always |',
  },
  PriorityLevelConfigurationSpec: {
    '': 'union=type(exempt:Exempt,limited:Limited) |',
    type: 'string 1 required always |',
    limited: '*LimitedPriorityLevelConfiguration 2 |',
    exempt: '*ExemptPriorityLevelConfiguration 3 |',
  },
  PriorityLevelConfigurationStatus: {
    '': '|',
    conditions: '[]PriorityLevelConfigurationCondition 1 list=map:type patch=merge:type |',
  },
  QueuingConfiguration: {
    '': '|',
    queues: 'int32 1 always |',
    handSize: 'int32 2 always |',
    queueLengthLimit: 'int32 3 always |',
  },
  ResourcePolicyRule: {
    '': '|',
    verbs: '[]string 1 required always list=set |',
    apiGroups: '[]string 2 required always list=set |',
    resources: '[]string 3 required always list=set |',
    clusterScope: 'bool 4 |',
    namespaces: '[]string 5 list=set |',
  },
  ServiceAccountSubject: {
    '': '|',
    namespace: 'string 1 required always |',
    name: 'string 2 required always |',
  },
  Subject: {
    '': 'union=kind(group:Group,serviceAccount:ServiceAccount,user:User) |',
    kind: 'string 1 required always |',
    user: '*UserSubject 2 |',
    group: '*GroupSubject 3 |',
    serviceAccount: '*ServiceAccountSubject 4 |',
  },
  UserSubject: {
    '': '|',
    name: 'string 1 required always |',
  },
} as const satisfies TypeTable;
