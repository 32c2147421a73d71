import type { TypeTable } from '../grammar.js';

/** Types of authorization.v1; one line per field, see ../grammar.ts. */
export const types = {
  FieldSelectorAttributes: {
    '': '| A field selector of a request, for authorization.',
    rawSelector: 'string 1 | The selector as text; only for reviews that are sent by webhooks.',
    requirements: '[]meta.v1.FieldSelectorRequirement 2 list=atomic | The selector taken apart; all must hold.',
  },
  LabelSelectorAttributes: {
    '': '| A label selector of a request, for authorization.',
    rawSelector: 'string 1 | The selector as text; only for reviews that are sent by webhooks.',
    requirements: '[]meta.v1.LabelSelectorRequirement 2 list=atomic | The selector taken apart; all must hold.',
  },
  LocalSubjectAccessReview: {
    '': 'kind | Asks whether somebody may do something in one namespace.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'SubjectAccessReviewSpec 2 required | Who wants to do what; the namespace must be that of the review.',
    status: 'SubjectAccessReviewStatus 3 | The answer.',
  },
  NonResourceAttributes: {
    '': '| A request that is not about a resource.',
    path: 'string 1 | Path of the URL.',
    verb: 'string 2 | HTTP method in lower case.',
  },
  NonResourceRule: {
    '': '| What is allowed outside of resources.',
    verbs: '[]string 1 required always list=atomic | HTTP methods in lower case, or *.',
    nonResourceURLs: '[]string 2 list=atomic | Paths; * at the end stands for all below, alone for all.',
  },
  ResourceAttributes: {
    '': '| A request that is about a resource.',
    namespace: 'string 1 | Namespace of the action; empty means all of them, or none for cluster-wide resources.',
    verb: 'string 2 | get, list, watch, create, update, patch, delete, deletecollection, proxy, or * for all.',
    group: 'string 3 | API group; * means all.',
    version: 'string 4 | API version; * means all.',
    resource: 'string 5 | Plural resource; * means all.',
    subresource: 'string 6 | Subresource, if any.',
    name: 'string 7 | Name of the object; empty means all.',
    fieldSelector: '*FieldSelectorAttributes 8 | Limits the request by fields; counts for list, watch and deletecollection.',
    labelSelector: '*LabelSelectorAttributes 9 | Limits the request by labels; counts for list, watch and deletecollection.',
  },
  ResourceRule: {
    '': '| What is allowed with resources.',
    verbs: '[]string 1 required always list=atomic | Verbs, or *.',
    apiGroups: '[]string 2 list=atomic | API groups, or *.',
    resources: '[]string 3 list=atomic | Resources, or *; */scale are all subresources of that name.',
    resourceNames: '[]string 4 list=atomic | Names of objects; empty means all.',
  },
  SelfSubjectAccessReview: {
    '': 'kind | Asks whether the client itself may do something.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'SelfSubjectAccessReviewSpec 2 required | What the client wants to do.',
    status: 'SubjectAccessReviewStatus 3 | The answer.',
  },
  SelfSubjectAccessReviewSpec: {
    '': '| What the client wants to do; one of the two.',
    resourceAttributes: '*ResourceAttributes 1 | An action on a resource.',
    nonResourceAttributes: '*NonResourceAttributes 2 | An action on another path.',
  },
  SelfSubjectRulesReview: {
    '': 'kind | Lists what the client may do in a namespace.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'SelfSubjectRulesReviewSpec 2 required | The namespace in question.',
    status: 'SubjectRulesReviewStatus 3 | What the client may do.',
  },
  SelfSubjectRulesReviewSpec: {
    '': '| The namespace in question.',
    namespace: 'string 1 | Namespace; required.',
  },
  SubjectAccessReview: {
    '': 'kind | Asks whether somebody may do something.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'SubjectAccessReviewSpec 2 required | Who wants to do what.',
    status: 'SubjectAccessReviewStatus 3 | The answer.',
  },
  SubjectAccessReviewSpec: {
    '': '| Who wants to do what; one of the two attributes.',
    resourceAttributes: '*ResourceAttributes 1 | An action on a resource.',
    nonResourceAttributes: '*NonResourceAttributes 2 | An action on another path.',
    user: 'string 3 | Name of the user; with empty groups it is required.',
    groups: '[]string 4 list=atomic | Groups of the user.',
    extra: 'map[string][]string 5 | Further attributes of the user.',
    uid: 'string 6 | Identifier of the user.',
  },
  SubjectAccessReviewStatus: {
    '': '| Whether it is allowed.',
    allowed: 'bool 1 required always | True when it is allowed.',
    denied: 'bool 4 | True when it is refused outright, so that no other authorizer is asked.',
    reason: 'string 2 | Why it is allowed or not.',
    evaluationError: 'string 3 | What went wrong; the answer may hold nevertheless.',
  },
  SubjectRulesReviewStatus: {
    '': '| What somebody may do.',
    resourceRules: '[]ResourceRule 1 required always list=atomic | What is allowed with resources; in no particular order, with repetitions.',
    nonResourceRules: '[]NonResourceRule 2 required always list=atomic | What is allowed outside of resources.',
    incomplete: 'bool 3 required always | True when more may be allowed than is listed.',
    evaluationError: 'string 4 | What went wrong; the lists may be incomplete.',
  },
} as const satisfies TypeTable;
