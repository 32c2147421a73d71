import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.js';
import { jsonText } from '../../schema/codec/json-encode.js';
import { requestJson } from '../expressions/request-values.js';
import type { AdmissionAttributes } from '../types.js';
import type { Invocation, Versioned } from './invocation.js';

/** Review versions that this server can send. */
const KNOWN = ['v1', 'v1beta1'];

/** An AdmissionReview as it is sent. */
export interface Review {
  readonly uid: string;
  readonly apiVersion: string;
  readonly body: string;
}

/**
 * The AdmissionReview for one webhook, in the first of its review versions that this server knows; undefined when there
 * is none. Absent objects are null, as Go writes them.
 */
export function reviewFor(
  { webhook, resource, kind }: Invocation,
  a: AdmissionAttributes,
  v: Versioned,
): Review | undefined {
  const version = webhook.reviewVersions.find((known) => KNOWN.includes(known));
  if (version === undefined) return undefined;
  const uid = randomUUID();
  const apiVersion = `admission.k8s.io/${version}`;
  const { userInfo, dryRun, options, operation, ...what } = requestJson(a, resource, kind);
  const request: JsonObject = {
    uid,
    ...what,
    operation,
    userInfo,
    object: v.object ?? null,
    oldObject: v.oldObject ?? null,
    dryRun,
    options,
  };
  return { uid, apiVersion, body: jsonText({ kind: 'AdmissionReview', apiVersion, request }) };
}
