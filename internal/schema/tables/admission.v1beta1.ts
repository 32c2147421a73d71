import type { TypeTable } from '../grammar.js';

/** Types of admission.v1beta1; one line per field, see ../grammar.ts. */
export const types = {
  AdmissionRequest: {
    '': '| One request that a webhook is asked to judge.',
    uid: 'string 1 required always | Identifies this call; the response repeats it.',
    kind: 'meta.v1.GroupVersionKind 2 required | Group, version and kind of the object as the webhook gets it.',
    resource: 'meta.v1.GroupVersionResource 3 required | Group, version and plural resource as the webhook gets it.',
    subResource: 'string 4 | Subresource of the request, such as status or scale; empty for the object itself.',
    requestKind: '*meta.v1.GroupVersionKind 13 | Kind that the client sent, when it was converted for this webhook.',
    requestResource: '*meta.v1.GroupVersionResource 14 | Resource that the client named, when it was converted for this webhook.',
    requestSubResource: 'string 15 | Subresource that the client named.',
    name: 'string 5 | Name of the object; empty when the server is about to generate one.',
    namespace: 'string 6 | Namespace of the request; empty for cluster-wide resources.',
    operation: 'string 7 required always | CREATE, UPDATE, DELETE or CONNECT.',
    userInfo: 'authentication.v1.UserInfo 8 required | Who makes the request.',
    object: 'rawExtension 9 | The object as it would be stored; absent for DELETE.',
    oldObject: 'rawExtension 10 | The stored object; absent for CREATE and CONNECT.',
    dryRun: '*bool 11 | True when nothing will be stored: the webhook must have no side effects.',
    options: 'rawExtension 12 | Options of the operation, such as CreateOptions or DeleteOptions.',
  },
  AdmissionResponse: {
    '': '| The verdict of a webhook.',
    uid: 'string 1 required always | The uid of the request.',
    allowed: 'bool 2 required always | Whether the request may go on.',
    status: '*meta.v1.Status 3 | Why it may not; ignored when it may.',
    patch: 'bytes 4 | JSON patch that changes the object; only mutating webhooks may send one.',
    patchType: '*string 5 | Format of the patch; JSONPatch.',
    auditAnnotations: 'map[string]string 6 | Added to the audit event, each key prefixed with the name of the webhook.',
    warnings: '[]string 7 list=atomic | Sent to the client as warning headers; keep each below 120 characters.',
  },
  AdmissionReview: {
    '': 'kind | What the server sends to an admission webhook and what the webhook answers with.',
    request: '*AdmissionRequest 1 | The request to be judged; set by the server.',
    response: '*AdmissionResponse 2 | The verdict; set by the webhook.',
  },
} as const satisfies TypeTable;
