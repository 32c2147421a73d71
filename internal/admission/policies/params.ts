import { child, str } from '../../machinery/access.js';
import { type Flow, settled } from '../../machinery/flow.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import { type LabelSelector, matchesLabels } from '../../machinery/labels.js';
import { labelSelectorOf } from '../../machinery/label-selector-object.js';
import { parseGroupVersion } from '../../schema/index.js';
import type { ResourceDef } from '../../schema/types.js';
import type { InformedObjects, Informer } from '../../store/informer.js';
import { objectKey, resourcePrefix } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';

/** The kind of object that parameters are. */
export interface ParamKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As errors name it. */
  readonly text: string;
}

/** Which objects are a binding's parameters. */
export interface ParamRef {
  readonly name: string;
  readonly namespace: string;
  readonly selector: LabelSelector | undefined;
  readonly denyWhenMissing: boolean;
}

export function paramKindOf(kind: JsonObject | undefined): ParamKind | undefined {
  if (kind === undefined) return undefined;
  const { group, version } = parseGroupVersion(str(kind, 'apiVersion'));
  return { group, version, kind: str(kind, 'kind'), text: `${group}/${version}, Kind=${str(kind, 'kind')}` };
}

export function paramRefOf(ref: JsonObject | undefined): ParamRef | undefined {
  if (ref === undefined) return undefined;
  return {
    name: str(ref, 'name'),
    namespace: str(ref, 'namespace'),
    selector: labelSelectorOf(child(ref, 'selector')),
    denyWhenMissing: str(ref, 'parameterNotFoundAction') === 'Deny',
  };
}

/** A policy or binding that cannot be used for this request. */
export class ConfigurationError extends Error {}

/** Parsed parameters that are kept; the oldest go first. Their size is that of what is stored. */
const KEPT = 1_000;

interface Kept {
  readonly modRevision: number;
  readonly object: JsonObject;
}
const kept = new WeakMap<Informer, Map<string, Kept>>();
const selected = new WeakMap<Informer, Map<string, InformedObjects<JsonObject>>>();

/** The object of a key, parsed once for each of its revisions. */
function parsed(informer: Informer, key: string, stored: KeyValue): JsonObject {
  let known = kept.get(informer);
  if (known === undefined) kept.set(informer, (known = new Map<string, Kept>()));
  const before = known.get(key);
  if (before?.modRevision === stored.modRevision) return before.object;
  const object = JSON.parse(stored.value.toString()) as JsonObject;
  known.delete(key);
  known.set(key, { modRevision: stored.modRevision, object });
  const oldest = known.size > KEPT ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  return object;
}

/** All objects of a resource, kept from the first time that a selector looks for one. */
function informed(informer: Informer, prefix: string): InformedObjects<JsonObject> {
  let resources = selected.get(informer);
  if (resources === undefined) selected.set(informer, (resources = new Map<string, InformedObjects<JsonObject>>()));
  let objects = resources.get(prefix);
  if (objects === undefined) resources.set(prefix, (objects = informer.objects(prefix, (object) => object)));
  return objects;
}

function labelsOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  return isObject(labels) ? labels : {};
}

function findStored(ctx: AdmissionContext, def: ResourceDef, ref: ParamRef, namespace: string): JsonObject[] {
  const { group, resource } = def.storage;
  const { informer } = ctx.reader;
  if (ref.name !== '') {
    const key = objectKey(group, resource, namespace, ref.name);
    const stored = ctx.reader.stored(key);
    // The decision holds for the parameter as it is now: another one decides anew.
    ctx.compares.push({ key, modRevision: stored?.modRevision ?? 0 });
    return stored === undefined ? [] : [parsed(informer, key, stored)];
  }
  const { selector } = ref;
  if (selector === undefined) throw new ConfigurationError('one of name or selector must be provided');
  const prefix = resourcePrefix(group, resource);
  const within = def.namespaced ? resourcePrefix(group, resource, namespace) : prefix;
  const found: [string, JsonObject][] = [];
  for (const [key, object] of informed(informer, prefix).all()) {
    if (key.startsWith(within) && matchesLabels(selector, labelsOf(object))) found.push([key, object]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

/**
 * The parameters with which a policy is evaluated for a binding (CollectParams): one null without any; none where none
 * was found and that is allowed. Throws ConfigurationError.
 */
export function* collectParams(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
): Flow<readonly (JsonObject | null)[]> {
  if (kind === undefined || ref === undefined) return [null];
  const def = ctx.resources.ofKind(kind.group, kind.version, kind.kind);
  if (def === undefined) throw unknownKind(kind);
  let namespace = '';
  if (def.namespaced) {
    namespace = ref.namespace !== '' ? ref.namespace : a.namespace;
    if (namespace === '') {
      throw new ConfigurationError(
        'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
      );
    }
  } else if (ref.namespace !== '') {
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const found = findStored(ctx, def, ref, namespace);
  if (found.length === 0 && ref.denyWhenMissing) {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  const params: JsonObject[] = [];
  for (const stored of found) params.push(yield* settled(ctx.resources.served(def, stored)));
  return params;
}

const unknownKind = (kind: ParamKind): ConfigurationError =>
  new ConfigurationError(`failed to find resource referenced by paramKind: '${kind.text}'`);

/** What is wrong with a policy whatever its bindings: the kind of its parameters is not served. */
export function policyProblem(kind: ParamKind | undefined, ctx: AdmissionContext): ConfigurationError | undefined {
  if (kind === undefined || ctx.resources.ofKind(kind.group, kind.version, kind.kind) !== undefined) return undefined;
  return unknownKind(kind);
}
