import type { TypeTable } from '../grammar.js';

/** Types of flowcontrol.v1; one line per field, see ../grammar.ts. */
export const types = {
  ExemptPriorityLevelConfiguration: {
    '': '| A level whose requests never wait.',
    nominalConcurrencyShares: '*int32 1 | Share of the server\'s seats that counts as its own when seats are lent; default 0.',
    lendablePercent: '*int32 2 | Percent of those seats that others may borrow; default 0.',
  },
  FlowDistinguisherMethod: {
    '': '| What makes two requests belong to different flows.',
    type: 'string 1 required always | ByUser or ByNamespace.',
  },
  FlowSchema: {
    '': 'kind | Says which requests go to which priority level.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'FlowSchemaSpec 2 | What is wanted. Users write it.',
    status: 'FlowSchemaStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  FlowSchemaCondition: {
    '': '| A condition of a FlowSchema.',
    type: 'string 1 | Dangling.',
    status: 'string 2 | True, False or Unknown.',
    lastTransitionTime: 'time 3 | When the status of the condition last changed.',
    reason: 'string 4 | A single word in CamelCase that tells programs why.',
    message: 'string 5 | A sentence that tells people what happened.',
  },
  FlowSchemaList: {
    '': 'kind | A list of FlowSchema objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]FlowSchema 2 required always | The objects.',
  },
  FlowSchemaSpec: {
    '': '| Requests, their level and their flows.',
    priorityLevelConfiguration: 'PriorityLevelConfigurationReference 1 required | Level of the requests.',
    matchingPrecedence: 'int32 2 always | Of several schemas that match, the one with the lowest number counts; 1 to 10000, default 1000.',
    distinguisherMethod: '*FlowDistinguisherMethod 3 | How the requests are divided into flows; absent: they are one.',
    rules: '[]PolicyRulesWithSubjects 4 list=atomic | Which requests match; one rule suffices.',
  },
  FlowSchemaStatus: {
    '': '| What the server made of a FlowSchema.',
    conditions: '[]FlowSchemaCondition 1 list=map:type patch=merge:type | What is true of the object at present, one entry per type.',
  },
  GroupSubject: {
    '': '| A group of users.',
    name: 'string 1 required always | Name of the group, or *.',
  },
  LimitedPriorityLevelConfiguration: {
    '': '| A level that runs a limited number of requests at a time.',
    nominalConcurrencyShares: '*int32 1 always | Share of the server\'s seats; default 30.',
    limitResponse: 'LimitResponse 2 | What happens to requests beyond the limit.',
    lendablePercent: '*int32 3 | Percent of its seats that others may borrow; default 0.',
    borrowingLimitPercent: '*int32 4 | Most seats that it may borrow, in percent of its own; absent means no limit.',
  },
  LimitResponse: {
    '': 'union=type(queuing:Queuing) | What happens to requests beyond the limit.',
    type: 'string 1 required always | Queue or Reject.',
    queuing: '*QueuingConfiguration 2 | How requests wait; required with Queue.',
  },
  NonResourcePolicyRule: {
    '': '| Requests that are not about resources.',
    verbs: '[]string 1 required always list=set | HTTP methods in lower case, or *.',
    nonResourceURLs: '[]string 6 required always list=set | Paths; * at the end stands for all below, alone for all.',
  },
  PolicyRulesWithSubjects: {
    '': '| Who asks for what.',
    subjects: '[]Subject 1 required always list=atomic | Users, groups and service accounts; one suffices.',
    resourceRules: '[]ResourcePolicyRule 2 list=atomic | Requests about resources.',
    nonResourceRules: '[]NonResourcePolicyRule 3 list=atomic | Other requests.',
  },
  PriorityLevelConfiguration: {
    '': 'kind | A priority level: how many requests run at a time and how others wait.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'PriorityLevelConfigurationSpec 2 | What is wanted. Users write it.',
    status: 'PriorityLevelConfigurationStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  PriorityLevelConfigurationCondition: {
    '': '| A condition of a priority level.',
    type: 'string 1 | Type of the condition.',
    status: 'string 2 | True, False or Unknown.',
    lastTransitionTime: 'time 3 | When the status of the condition last changed.',
    reason: 'string 4 | A single word in CamelCase that tells programs why.',
    message: 'string 5 | A sentence that tells people what happened.',
  },
  PriorityLevelConfigurationList: {
    '': 'kind | A list of PriorityLevelConfiguration objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]PriorityLevelConfiguration 2 required always | The objects.',
  },
  PriorityLevelConfigurationReference: {
    '': '| Names a priority level.',
    name: 'string 1 required always | Name of the level.',
  },
  PriorityLevelConfigurationSpec: {
    '': 'union=type(exempt:Exempt,limited:Limited) | Limits of a priority level.',
    type: 'string 1 required always | Limited or Exempt.',
    limited: '*LimitedPriorityLevelConfiguration 2 | Limits; only with Limited.',
    exempt: '*ExemptPriorityLevelConfiguration 3 | Settings of a level without limits; only with Exempt.',
  },
  PriorityLevelConfigurationStatus: {
    '': '| What the server made of a priority level.',
    conditions: '[]PriorityLevelConfigurationCondition 1 list=map:type patch=merge:type | What is true of the object at present, one entry per type.',
  },
  QueuingConfiguration: {
    '': '| How requests wait.',
    queues: 'int32 1 always | Number of queues; default 64.',
    handSize: 'int32 2 always | Queues that a flow is dealt; it uses the shortest. Default 8.',
    queueLengthLimit: 'int32 3 always | Most requests in a queue; default 50.',
  },
  ResourcePolicyRule: {
    '': '| Requests about resources.',
    verbs: '[]string 1 required always list=set | Verbs, or *.',
    apiGroups: '[]string 2 required always list=set | API groups, or *.',
    resources: '[]string 3 required always list=set | Resources, or *.',
    clusterScope: 'bool 4 | Whether requests without a namespace match.',
    namespaces: '[]string 5 always list=set | Namespaces of the requests, or *.',
  },
  ServiceAccountSubject: {
    '': '| A service account.',
    namespace: 'string 1 required always | Its namespace.',
    name: 'string 2 required always | Its name, or *.',
  },
  Subject: {
    '': 'union=kind(group:Group,serviceAccount:ServiceAccount,user:User) | A user, a group or a service account; kind says which.',
    kind: 'string 1 required always | User, Group or ServiceAccount.',
    user: '*UserSubject 2 | The user.',
    group: '*GroupSubject 3 | The group.',
    serviceAccount: '*ServiceAccountSubject 4 | The service account.',
  },
  UserSubject: {
    '': '| A user.',
    name: 'string 1 required always | Name of the user, or *.',
  },
} as const satisfies TypeTable;
