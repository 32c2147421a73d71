import type { TypeTable } from '../grammar.js';

/** Types of authentication.v1; one line per field, see ../grammar.ts. */
export const types = {
  BoundObjectReference: {
    '': '|',
    kind: 'string 1 |',
    apiVersion: 'string 2 |',
    name: 'string 3 |',
    uid: 'string 4 |',
  },
  SelfSubjectReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    status: 'SelfSubjectReviewStatus 2 |',
  },
  SelfSubjectReviewStatus: {
    '': '|',
    userInfo: 'UserInfo 1 |',
  },
  TokenRequest: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'TokenRequestSpec 2 |',
    status: 'TokenRequestStatus 3 |',
  },
  TokenRequestSpec: {
    '': '|',
    audiences: '[]string 1 list=atomic |',
    expirationSeconds: '*int64 4 always |',
    boundObjectRef: '*BoundObjectReference 3 |',
  },
  TokenRequestStatus: {
    '': '|',
    token: 'string 1 always |',
    expirationTimestamp: 'time 2 |',
  },
  TokenReview: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'TokenReviewSpec 2 required |',
    status: 'TokenReviewStatus 3 |',
  },
  TokenReviewSpec: {
    '': '|',
    token: 'string 1 required |',
    audiences: '[]string 2 list=atomic |',
  },
  TokenReviewStatus: {
    '': '|',
    authenticated: 'bool 1 |',
    user: 'UserInfo 2 |',
    audiences: '[]string 4 list=atomic |',
    error: 'string 3 |',
  },
  UserInfo: {
    '': '|',
    username: 'string 1 |',
    uid: 'string 2 |',
    groups: '[]string 3 list=atomic |',
    extra: 'map[string][]string 4 |',
  },
} as const satisfies TypeTable;
