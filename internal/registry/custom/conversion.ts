import { randomUUID } from 'node:crypto';
import {
  CallError,
  type Callout,
  postJson,
  type ServiceResolver,
  type Target,
  webhookTarget,
} from '../../callout/index.js';
import { goDecode, type GoStruct } from '../../callout/go-decode.js';
import type { ConversionWebhook } from '../../extensions/definition.js';
import { str } from '../../machinery/access.js';
import { append } from '../../machinery/append.js';
import { Breath } from '../../machinery/breathe.js';
import { aggregateText, errorText } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { jsonText } from '../../schema/codec/index.js';
import { type ConversionFailure, observeConversion } from './metrics.js';
import { annotationErrors, labelErrors } from '../generic/object-meta.js';

/** How the server calls others. */
export interface Calls {
  readonly callout: Callout;
  readonly resolve: ServiceResolver;
}

const TIMEOUT_MS = 30_000;
const USER_AGENT = 'kube-apiserver';
const GROUP = 'apiextensions.k8s.io';
const KNOWN = ['v1', 'v1beta1'];

const STATUS: GoStruct = {
  name: 'Status',
  fields: { status: 'string', message: 'string', reason: 'v1.StatusReason', code: 'int32' },
};
const reviewStruct = (version: string): GoStruct => ({
  name: 'ConversionReview',
  fields: {
    kind: 'string',
    apiVersion: 'string',
    response: {
      struct: {
        name: 'ConversionResponse',
        fields: {
          uid: 'types.UID',
          convertedObjects: { raw: true },
          result: { struct: STATUS, type: 'v1.Status' },
        },
      },
      type: `${version}.ConversionResponse`,
    },
  },
});

const versionIn = (apiVersion: JsonValue | undefined): string =>
  typeof apiVersion === 'string' ? apiVersion.slice(apiVersion.lastIndexOf('/') + 1) : '';

/** Why a conversion failed, without whose it was. */
class ConversionError extends Error {}
/** The answer has more values than can be looked at at once. */
class TooLargeAnswer extends ConversionError {}

const gvkText = (apiVersion: JsonValue | undefined, kind: JsonValue | undefined): string => {
  const gv = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : '/';
  return `${gv.includes('/') ? gv : `/${gv}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
};

/**
 * Converts objects of one custom resource by its webhook (apiextensions-apiserver's webhook_converter.go): only labels
 * and annotations of the metadata may be changed. Throws StatusError 500 with kube-apiserver's words.
 */
export class WebhookConverter {
  #target: Target | undefined;
  constructor(
    private readonly definition: string,
    private readonly webhook: ConversionWebhook,
    private readonly calls: Calls,
  ) {}

  /** Objects of any versions in one version, in one call for those that are in another. */
  async convert(objects: readonly JsonObject[], apiVersion: string): Promise<JsonObject[]> {
    const foreign = objects.filter((o) => o['apiVersion'] !== apiVersion);
    const [first] = foreign;
    if (first === undefined) return [...objects];
    const started = performance.now();
    let failure: ConversionFailure | undefined = 'conversion_webhook_invalid_converted_object_failure';
    try {
      const of = gvkText(first['apiVersion'], first['kind']);
      const failed = (why: string): StatusError => new StatusError(500, '', `conversion webhook for ${of} ${why}`);
      const answers = await this.#inParts(foreign, apiVersion).catch((error: unknown) => {
        if (!(error instanceof CallError || error instanceof ConversionError)) throw error;
        failure =
          error instanceof CallError
            ? 'conversion_webhook_call_failure'
            : 'conversion_webhook_malformed_response_failure';
        throw failed(`failed: ${error.message}`);
      });
      if (answers.length !== foreign.length) {
        failure = 'conversion_webhook_partial_response_failure';
        throw failed(`returned ${answers.length} objects, expected ${foreign.length}`);
      }
      const converted = new Map<JsonObject, JsonObject>();
      const breath = new Breath();
      for (const [i, original] of foreign.entries()) {
        converted.set(original, checked(original, answers[i] ?? null, apiVersion, i, failed));
        if (breath.isOver()) await breath.rest();
      }
      failure = undefined;
      return objects.map((o) => converted.get(o) ?? o);
    } finally {
      const call = { definition: this.definition, from: versionIn(first['apiVersion']), to: versionIn(apiVersion) };
      observeConversion(call, (performance.now() - started) / 1000, failure);
    }
  }

  /** Asks for half of the objects at a time where the answer for all of them is too large to be looked at. */
  async #inParts(objects: readonly JsonObject[], desiredAPIVersion: string): Promise<readonly JsonValue[]> {
    try {
      return await this.#ask(objects, desiredAPIVersion);
    } catch (error) {
      if (!(error instanceof TooLargeAnswer) || objects.length === 1) throw error;
    }
    const half = Math.ceil(objects.length / 2);
    const answers = [...(await this.#inParts(objects.slice(0, half), desiredAPIVersion))];
    if (answers.length !== half) return answers;
    append(answers, await this.#inParts(objects.slice(half), desiredAPIVersion));
    return answers;
  }

  async #ask(objects: readonly JsonObject[], desiredAPIVersion: string): Promise<readonly JsonValue[]> {
    const version = this.webhook.reviewVersions.find((v) => KNOWN.includes(v));
    if (version === undefined) throw new ConversionError('no supported conversion review versions');
    const uid = randomUUID();
    const apiVersion = `${GROUP}/${version}`;
    const request: JsonObject = { uid, desiredAPIVersion, objects: [...objects] };
    const text = jsonText({ kind: 'ConversionReview', apiVersion, request });
    this.#target ??= webhookTarget(this.webhook.client, this.calls.resolve);
    const post = { body: text, timeoutMs: TIMEOUT_MS, userAgent: USER_AGENT };
    const { body } = await postJson(this.calls.callout, this.#target, post);
    const { value, problem, isTooLarge } = await goDecode(body, {
      group: GROUP,
      kind: 'ConversionReview',
      version,
      known: KNOWN,
      struct: reviewStruct,
    });
    if (value === undefined) throw isTooLarge === true ? new TooLargeAnswer(problem) : new ConversionError(problem);
    const { response } = value;
    if (!isObject(response)) throw new ConversionError('no response provided');
    if (version === 'v1') {
      const got = str(response, 'uid');
      if (got !== uid)
        throw new ConversionError(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(got)}`);
      const [wanted, given] = [gvkText(apiVersion, 'ConversionReview'), gvkText(value['apiVersion'], value['kind'])];
      if (given !== wanted) throw new ConversionError(`expected webhook response of ${wanted}, got ${given}`);
    }
    const result = isObject(response['result']) ? response['result'] : {};
    const status = str(result, 'status');
    if (status !== 'Success') {
      throw new ConversionError(str(result, 'message') || `response.result.status was '${status}', not 'Success'`);
    }
    const { convertedObjects } = response;
    return Array.isArray(convertedObjects) ? convertedObjects : [];
  }
}

const metaOf = (o: JsonObject): JsonObject => (isObject(o['metadata']) ? o['metadata'] : {});

/** One converted object with the metadata of the original, but for labels and annotations. */
function checked(
  original: JsonObject,
  answer: JsonValue,
  apiVersion: string,
  index: number,
  failed: (why: string) => StatusError,
): JsonObject {
  const invalidAt = (why: string): StatusError => failed(`returned invalid object at index ${index}: ${why}`);
  if (!isObject(answer)) {
    if (answer === null) throw failed(`failed: unexpected type <nil> at index ${index}`);
    const type = Array.isArray(answer) ? 'array' : typeof answer === 'boolean' ? 'bool' : typeof answer;
    throw new StatusError(500, '', `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
  }
  if (answer['apiVersion'] !== apiVersion) {
    throw invalidAt(`invalid groupVersion (expected ${apiVersion}, received ${str(answer, 'apiVersion')})`);
  }
  if (answer['kind'] !== original['kind']) {
    throw invalidAt(`invalid kind (expected ${str(original, 'kind')}, received ${str(answer, 'kind')})`);
  }
  const [was, is] = [metaOf(original), metaOf(answer)];
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    if (str(was, field) === str(is, field)) continue;
    throw failed(`returned invalid object: must have the same ${name}: ${str(was, field)} != ${str(is, field)}`);
  }
  const errors = [
    ...labelErrors(is['labels'], 'metadata.labels'),
    ...annotationErrors(is['annotations'], 'metadata.annotations'),
  ];
  if (errors.length > 0) {
    throw failed(`returned invalid metadata: ${aggregateText(errors.map(errorText))}`);
  }
  const metadata: JsonObject = { ...was };
  for (const field of ['labels', 'annotations']) {
    const value = is[field];
    if (isObject(value) && Object.keys(value).length > 0) metadata[field] = value;
    else delete metadata[field];
  }
  return { ...answer, metadata };
}
