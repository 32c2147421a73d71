import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { goDecode, type GoStruct } from '../../callout/go-decode.js';
import { base64Fault, canonicalBase64 } from '../../schema/codec/base64.js';
import type { Review } from './review.js';

/** What a webhook decided. */
export interface ReviewResponse {
  readonly allowed: boolean;
  readonly result: JsonObject | undefined;
  /** A JSON patch as text; '' for none. */
  readonly patch: string;
  readonly patchType: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** The answer is no AdmissionReview: the message is what Kubernetes' decoder says. */
export class UndecodableReview extends Error {}
/** It is one, and breaks the rules. */
export class InvalidReview extends Error {}

const CAUSE: GoStruct = { name: 'StatusCause', fields: { reason: 'string', message: 'string', field: 'string' } };
const DETAILS: GoStruct = {
  name: 'StatusDetails',
  fields: {
    name: 'string',
    group: 'string',
    kind: 'string',
    uid: 'types.UID',
    causes: { list: CAUSE, type: '[]v1.StatusCause' },
    retryAfterSeconds: 'int32',
  },
};
const LIST_META: GoStruct = {
  name: 'ListMeta',
  fields: { selfLink: 'string', resourceVersion: 'string', continue: 'string', remainingItemCount: 'int64' },
};
export const STATUS: GoStruct = {
  name: 'Status',
  type: 'v1.Status',
  fields: {
    kind: 'string',
    apiVersion: 'string',
    metadata: { struct: LIST_META, type: 'v1.ListMeta' },
    status: 'string',
    message: 'string',
    reason: 'v1.StatusReason',
    details: { struct: DETAILS, type: 'v1.StatusDetails' },
    code: 'int32',
  },
};
const responseStruct = (version: string): GoStruct => ({
  name: 'AdmissionResponse',
  type: `${version}.AdmissionResponse`,
  fields: {
    uid: 'types.UID',
    allowed: 'bool',
    status: { struct: STATUS, type: 'v1.Status' },
    patch: '[]uint8',
    patchType: `${version}.PatchType`,
    auditAnnotations: { map: 'string', type: 'map[string]string' },
    warnings: { list: 'string', type: '[]string' },
  },
});
const reviewStruct = (version: string): GoStruct => ({
  name: 'AdmissionReview',
  fields: {
    kind: 'string',
    apiVersion: 'string',
    response: { struct: responseStruct(version), type: `${version}.AdmissionResponse` },
  },
});

const GROUP = 'admission.k8s.io/';
const text = (o: JsonObject, field: string): string => {
  const value = o[field];
  return typeof value === 'string' ? value : '';
};

/** Decodes an answer. Throws UndecodableReview. */
async function decode(body: Buffer, review: Review): Promise<JsonObject> {
  const sent = review.apiVersion.slice(GROUP.length);
  const { value, problem } = await goDecode(body, {
    group: GROUP.slice(0, -1),
    kind: 'AdmissionReview',
    version: sent,
    known: ['v1', 'v1beta1'],
    struct: reviewStruct,
  });
  if (value === undefined) throw new UndecodableReview(problem);
  const { response } = value;
  if (isObject(response)) {
    const { patch } = response;
    if (typeof patch === 'string') {
      const at = canonicalBase64(patch) === undefined ? base64Fault(Buffer.from(patch)) : -1;
      if (at >= 0) throw new UndecodableReview(`illegal base64 data at input byte ${at}`);
    }
  }
  return value;
}

function strings(v: JsonValue | undefined): string[] {
  return Array.isArray(v) ? v.filter((s) => typeof s === 'string') : [];
}

/**
 * What a webhook answered (apiserver's webhook/request.VerifyAdmissionResponse): v1 is strict about uid, kind and patch
 * type, v1beta1 is not. Throws UndecodableReview or InvalidReview.
 */
export async function readResponse(body: Buffer, review: Review, mutating: boolean): Promise<ReviewResponse> {
  const answer = await decode(body, review);
  const response = answer['response'];
  if (!isObject(response)) throw new InvalidReview('webhook response was absent');
  const encoded = text(response, 'patch');
  const patch = Buffer.from(encoded, 'base64').toString();
  let patchType = '';
  if (review.apiVersion === 'admission.k8s.io/v1') patchType = checkV1(answer, response, review, mutating, encoded);
  else if (mutating && encoded !== '') patchType = 'JSONPatch';
  const { status, auditAnnotations } = response;
  const annotations = isObject(auditAnnotations) ? Object.entries(auditAnnotations) : [];
  return {
    allowed: response['allowed'] === true,
    result: isObject(status) ? status : undefined,
    patch: mutating ? patch : '',
    patchType,
    auditAnnotations: Object.fromEntries(annotations.filter((e): e is [string, string] => typeof e[1] === 'string')),
    warnings: strings(response['warnings']),
  };
}

function checkV1(answer: JsonObject, response: JsonObject, review: Review, mutating: boolean, patch: string): string {
  const uid = text(response, 'uid');
  if (uid !== review.uid) {
    throw new InvalidReview(`expected response.uid=${JSON.stringify(review.uid)}, got ${JSON.stringify(uid)}`);
  }
  const [apiVersion, kind] = [text(answer, 'apiVersion'), text(answer, 'kind')];
  if (apiVersion !== review.apiVersion || kind !== 'AdmissionReview') {
    throw new InvalidReview(
      `expected webhook response of ${gvkText(review.apiVersion, 'AdmissionReview')}, got ${gvkText(apiVersion, kind)}`,
    );
  }
  const { patchType } = response;
  const typed = typeof patchType === 'string';
  if (!mutating) {
    if (patch !== '') throw new InvalidReview('validating webhook may not return response.patch');
    if (typed) throw new InvalidReview('validating webhook may not return response.patchType');
    return '';
  }
  if (patch !== '' && !typed) throw new InvalidReview('webhook returned response.patch but not response.patchType');
  if (patch === '' && typed) throw new InvalidReview('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new InvalidReview('webhook returned invalid response.patchType of ""');
  return typed ? patchType : '';
}

/** As Go prints a GroupVersionKind: `group/version, Kind=kind`. */
export function gvkText(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? `/${apiVersion}, Kind=${kind}` : `${apiVersion}, Kind=${kind}`;
}
