import type { TypeTable } from '../grammar.js';

/** Types of authorization.v1; one line per field, see ../grammar.ts. */
export const types = {
  FieldSelectorAttributes: {
    '': '|',
    rawSelector: 'string 1 |',
    requirements: '[]meta.v1.FieldSelectorRequirement 2 list=atomic |',
  },
  LabelSelectorAttributes: {
    '': '|',
    rawSelector: 'string 1 |',
    requirements: '[]meta.v1.LabelSelectorRequirement 2 list=atomic |',
  },
  LocalSubjectAccessReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'SubjectAccessReviewSpec 2 required |',
    status: 'SubjectAccessReviewStatus 3 |',
  },
  NonResourceAttributes: {
    '': '|',
    path: 'string 1 |',
    verb: 'string 2 |',
  },
  NonResourceRule: {
    '': '|',
    verbs: '[]string 1 required always list=atomic |',
    nonResourceURLs: '[]string 2 list=atomic |',
  },
  ResourceAttributes: {
    '': '|',
    namespace: 'string 1 |',
    verb: 'string 2 |',
    group: 'string 3 |',
    version: 'string 4 |',
    resource: 'string 5 |',
    subresource: 'string 6 |',
    name: 'string 7 |',
    fieldSelector: '*FieldSelectorAttributes 8 |',
    labelSelector: '*LabelSelectorAttributes 9 |',
  },
  ResourceRule: {
    '': '|',
    verbs: '[]string 1 required always list=atomic |',
    apiGroups: '[]string 2 list=atomic |',
    resources: '[]string 3 list=atomic |',
    resourceNames: '[]string 4 list=atomic |',
  },
  SelfSubjectAccessReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'SelfSubjectAccessReviewSpec 2 required |',
    status: 'SubjectAccessReviewStatus 3 |',
  },
  SelfSubjectAccessReviewSpec: {
    '': '|',
    resourceAttributes: '*ResourceAttributes 1 |',
    nonResourceAttributes: '*NonResourceAttributes 2 |',
  },
  SelfSubjectRulesReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'SelfSubjectRulesReviewSpec 2 required |',
    status: 'SubjectRulesReviewStatus 3 |',
  },
  SelfSubjectRulesReviewSpec: {
    '': '|',
    namespace: 'string 1 |',
  },
  SubjectAccessReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'SubjectAccessReviewSpec 2 required |',
    status: 'SubjectAccessReviewStatus 3 |',
  },
  SubjectAccessReviewSpec: {
    '': '|',
    resourceAttributes: '*ResourceAttributes 1 |',
    nonResourceAttributes: '*NonResourceAttributes 2 |',
    user: 'string 3 |',
    groups: '[]string 4 list=atomic |',
    extra: 'map[string][]string 5 |',
    uid: 'string 6 |',
  },
  SubjectAccessReviewStatus: {
    '': '|',
    allowed: 'bool 1 required always |',
    denied: 'bool 4 |',
    reason: 'string 2 |',
    evaluationError: 'string 3 |',
  },
  SubjectRulesReviewStatus: {
    '': '|',
    resourceRules: '[]ResourceRule 1 required always list=atomic |',
    nonResourceRules: '[]NonResourceRule 2 required always list=atomic |',
    incomplete: 'bool 3 required always |',
    evaluationError: 'string 4 |',
  },
} as const satisfies TypeTable;
