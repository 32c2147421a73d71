import type { TypeTable } from '../grammar.js';

/** Types of admission.v1beta1; one line per field, see ../grammar.ts. */
export const types = {
  AdmissionRequest: {
    '': '|',
    uid: 'string 1 required always |',
    kind: 'meta.v1.GroupVersionKind 2 required |',
    resource: 'meta.v1.GroupVersionResource 3 required |',
    subResource: 'string 4 |',
    requestKind: '*meta.v1.GroupVersionKind 13 |',
    requestResource: '*meta.v1.GroupVersionResource 14 |',
    requestSubResource: 'string 15 |',
    name: 'string 5 |',
    namespace: 'string 6 |',
    operation: 'string 7 required always |',
    userInfo: 'authentication.v1.UserInfo 8 required |',
    object: 'rawExtension 9 |',
    oldObject: 'rawExtension 10 |',
    dryRun: '*bool 11 |',
    options: 'rawExtension 12 |',
  },
  AdmissionResponse: {
    '': '|',
    uid: 'string 1 required always |',
    allowed: 'bool 2 required always |',
    status: '*meta.v1.Status 3 |',
    patch: 'bytes 4 |',
    patchType: '*string 5 |',
    auditAnnotations: 'map[string]string 6 |',
    warnings: '[]string 7 list=atomic |',
  },
  AdmissionReview: {
    '': 'kind |',
    request: '*AdmissionRequest 1 |',
    response: '*AdmissionResponse 2 |',
  },
} as const satisfies TypeTable;
