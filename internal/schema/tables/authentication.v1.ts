import type { TypeTable } from '../grammar.js';

/** Types of authentication.v1; one line per field, see ../grammar.ts. */
export const types = {
  BoundObjectReference: {
    '': '| The object that a token is bound to: when it goes, the token is no longer valid.',
    kind: 'string 1 | Pod, Secret or Node.',
    apiVersion: 'string 2 | Group and version of the object.',
    name: 'string 3 | Name of the object.',
    uid: 'string 4 | Identity of the object.',
  },
  SelfSubjectReview: {
    '': 'kind | Tells who the client is, as the server sees it.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    status: 'SelfSubjectReviewStatus 2 | Who the client is.',
  },
  SelfSubjectReviewStatus: {
    '': '| Who the client is.',
    userInfo: 'UserInfo 1 | Name, groups and further attributes of the client.',
  },
  TokenRequest: {
    '': 'kind | Asks for a token of a service account.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'TokenRequestSpec 2 | What is wanted. Users write it.',
    status: 'TokenRequestStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  TokenRequestSpec: {
    '': '| What the token is to be.',
    audiences: '[]string 1 list=atomic | Whom the token is meant for; a recipient that is not among them must refuse it.',
    expirationSeconds: '*int64 4 always | Wanted lifetime in seconds, 600 at least; the server may shorten it.',
    boundObjectRef: '*BoundObjectReference 3 | Object with whose end the token ends.',
  },
  TokenRequestStatus: {
    '': '| The token.',
    token: 'string 1 always | The signed token.',
    expirationTimestamp: 'time 2 | When it ends.',
  },
  TokenReview: {
    '': 'kind | Asks whether a token is valid and whose it is.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'TokenReviewSpec 2 required | What is wanted. Users write it.',
    status: 'TokenReviewStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  TokenReviewSpec: {
    '': '| The token in question.',
    token: 'string 1 required | The token.',
    audiences: '[]string 2 list=atomic | Recipients that the asker stands for; default is the API server.',
  },
  TokenReviewStatus: {
    '': '| What is known about the token.',
    authenticated: 'bool 1 | Whether the token is valid.',
    user: 'UserInfo 2 | Whose token it is.',
    audiences: '[]string 4 list=atomic | Those of the asked audiences that the token is meant for.',
    error: 'string 3 | Why the token could not be checked.',
  },
  UserInfo: {
    '': '| Who a user is.',
    username: 'string 1 | Name of the user, unique among those that are active.',
    uid: 'string 2 | Identifier that stays the same when names are reused.',
    groups: '[]string 3 list=atomic | Groups of the user.',
    extra: 'map[string][]string 4 | Further attributes that the authenticator knows.',
  },
} as const satisfies TypeTable;
