import { append } from '../../machinery/append.js';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidValue,
  notSupported,
  required,
} from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import { fieldManagerErrors } from '../../registry/generic/object-meta.js';
import { decodeBody, type FieldValidation } from '../../schema/codec/index.js';
import { boolParam, intParam } from '../options.js';
import type { ApiRequest } from '../types.js';
import { decodeText } from './unstructured-text.js';

const META_GROUP = 'meta.k8s.io';
const VALIDATIONS: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];

/** CreateOptions and UpdateOptions. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
}

export interface PatchOptions extends WriteOptions {
  readonly force: boolean;
}

/** metav1.DeleteOptions. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly propagationPolicy: string | undefined;
}

const PLAIN: WriteOptions = { dryRun: false, fieldManager: '', fieldValidation: 'Warn' };

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((v) => v === 'All') ? [] : [notSupported('dryRun', values, ['All'])];
}

function writeErrors(query: URLSearchParams): FieldError[] {
  const out = fieldManagerErrors(query.get('fieldManager') ?? '', 'fieldManager');
  append(out, dryRunErrors(query.getAll('dryRun')));
  const validation = query.get('fieldValidation') ?? '';
  if (!VALIDATIONS.includes(validation)) out.push(notSupported('fieldValidation', validation, VALIDATIONS));
  return out;
}

function readWrite(query: URLSearchParams): WriteOptions {
  const validation = query.get('fieldValidation');
  return {
    dryRun: query.has('dryRun'),
    fieldManager: query.get('fieldManager') ?? '',
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
  };
}

/** CreateOptions or UpdateOptions of the query. Throws 422 for values that are not allowed. */
export function writeOptions(request: ApiRequest, kind: 'CreateOptions' | 'UpdateOptions'): WriteOptions {
  const { query } = request;
  if (query.size === 0) return PLAIN;
  const errors = writeErrors(query);
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind }, '', errors);
  return readWrite(query);
}

/** PatchOptions of the query. Throws 422 for values that are not allowed. */
export function patchOptions(request: ApiRequest, apply: boolean): PatchOptions {
  const { query } = request;
  const force = boolParam(query, 'force');
  const errors: FieldError[] = [];
  if (apply) {
    if ((query.get('fieldManager') ?? '') === '') {
      errors.push(required('fieldManager', 'is required for apply patch'));
    }
  } else if (force !== undefined) {
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  }
  append(errors, writeErrors(query));
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind: 'PatchOptions' }, '', errors);
  return { ...readWrite(query), force: force === true };
}

const text = (v: unknown): string | undefined => (typeof v === 'string' ? v : undefined);

function fromBody(body: JsonObject): { options: DeleteOptions; dryRun: readonly string[] } {
  const preconditions = body['preconditions'];
  const conditions = typeof preconditions === 'object' && preconditions !== null ? (preconditions as JsonObject) : {};
  const grace = body['gracePeriodSeconds'];
  const dryRun = Array.isArray(body['dryRun']) ? body['dryRun'].map(String) : [];
  return {
    dryRun,
    options: {
      dryRun: dryRun.length > 0,
      gracePeriodSeconds: typeof grace === 'number' || typeof grace === 'bigint' ? Number(grace) : undefined,
      uid: text(conditions['uid']),
      resourceVersion: text(conditions['resourceVersion']),
      orphanDependents: typeof body['orphanDependents'] === 'boolean' ? body['orphanDependents'] : undefined,
      propagationPolicy: text(body['propagationPolicy']),
    },
  };
}

/** DeleteOptions that came inside another object (an Eviction). */
export function deleteOptionsOf(body: JsonObject): DeleteOptions {
  return checked(fromBody(body));
}

function fromQuery(query: URLSearchParams): { options: DeleteOptions; dryRun: readonly string[] } {
  const dryRun = query.getAll('dryRun');
  return {
    dryRun,
    options: {
      dryRun: dryRun.length > 0,
      gracePeriodSeconds: query.has('gracePeriodSeconds') ? intParam(query, 'gracePeriodSeconds') : undefined,
      uid: undefined,
      resourceVersion: undefined,
      orphanDependents: boolParam(query, 'orphanDependents'),
      propagationPolicy: query.get('propagationPolicy') ?? undefined,
    },
  };
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const DELETE_OPTIONS_GVK = { group: '', version: 'v1', kind: 'DeleteOptions' };

const SCHEME = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27';

/** kube-apiserver reads DeleteOptions by a scheme of their own, whose errors it tells as they are. */
function decodeDeleteOptions(body: Buffer, contentType: string): JsonObject {
  try {
    return decodeBody(body, contentType, DELETE_OPTIONS, DELETE_OPTIONS_GVK, 'Ignore').object;
  } catch (e) {
    if (!(e instanceof StatusError) || e.code !== 400) throw e;
    const other = /^(\S+) in version (".*") cannot be handled as a DeleteOptions: .*: unknown conversion$/.exec(
      e.message,
    );
    if (other !== null)
      throw badRequest(`no kind "${other[1]}" is registered for version ${other[2]} in scheme "${SCHEME}"`);
    const unread = /^the object provided is unrecognized \(must be of type DeleteOptions\): (.*) \(.*\)$/s.exec(
      e.message,
    );
    throw badRequest(unread?.[1] ?? decodeText(e));
  }
}

/** DeleteOptions of the body, or of the query when there is no body. Throws 400 for what cannot be read, 422 for what is not allowed. */
export function deleteOptions(request: ApiRequest): DeleteOptions {
  const { body } = request;
  if (body.length === 0) return checked(fromQuery(request.query));
  const contentType = request.header('content-type');
  const object = decodeDeleteOptions(body, contentType);
  // Audit events show the options in the version that kube-apiserver works with.
  request.audit?.requestObject(object, () => ({ ...object, apiVersion: 'meta.k8s.io/__internal' }));
  return checked(fromBody(object));
}

function checked(read: { options: DeleteOptions; dryRun: readonly string[] }): DeleteOptions {
  const { options } = read;
  const errors: FieldError[] = [];
  const { propagationPolicy: policy } = options;
  if (policy !== undefined && options.orphanDependents !== undefined) {
    errors.push(
      invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']));
  }
  append(errors, dryRunErrors(read.dryRun));
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind: 'DeleteOptions' }, '', errors);
  return options;
}
