import { assert } from '../../machinery/assert.js';
import { LARGE_BYTES, nextTurn } from '../../machinery/breathe.js';
import type { GroupKind } from '../../machinery/field.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { pathNotFound } from '../../machinery/status.js';
import { type GenerationRule, type Strategy, type WriteContext } from '../../registry/types.js';
import { generationRule } from '../../registry/generic/generation.js';
import type { MetaRules } from '../../registry/generic/object-meta.js';
import { alwaysOf } from '../../schema/codec/zero.js';
import { findResource, findType } from '../../schema/index.js';
import { isCustom, type GroupVersionKind, type ResourceDef } from '../../schema/types.js';
import { apiVersionOf } from '../convert.js';
import type { RestDeps } from '../deps.js';
import type { ApiRequest } from '../types.js';
import { collectWarnings } from './pending-warnings.js';

/** What is the same for every write to one resource in one version; worked out once. */
export interface Kind {
  readonly def: ResourceDef;
  readonly strategy: Strategy;
  readonly gvk: GroupVersionKind;
  readonly apiVersion: string;
  /** `apiVersion` of the stored form. */
  readonly storedApiVersion: string;
  /** The request's version is the stored one. */
  readonly sameVersion: boolean;
  /** Group and kind that validation errors name: the stored form's. */
  readonly gk: GroupKind;
  readonly hasStatus: boolean;
  readonly generation: GenerationRule | undefined;
  readonly metaRules: MetaRules;
  /** Definition name of the stored type; '' for custom resources. */
  readonly storedType: string;
  /** Go writes status even when it is empty: a fresh one, or undefined. */
  readonly emptyStatus: (() => JsonObject) | undefined;
}

/** By server, which its store tells: the strategies of two servers in one process may differ. */
const kinds = new WeakMap<RestDeps['backend'], WeakMap<ResourceDef, Kind>>();

/** The `Kind` of a row of discovery; the same one each time in one server. */
export function kindOf(deps: RestDeps, def: ResourceDef): Kind {
  let own = kinds.get(deps.backend);
  if (own === undefined) kinds.set(deps.backend, (own = new WeakMap()));
  const known = own.get(def);
  if (known !== undefined) return known;
  const kind = makeKind(deps, def);
  own.set(def, kind);
  return kind;
}

function makeKind(deps: RestDeps, def: ResourceDef): Kind {
  const strategy = deps.strategyFor(def.group, def.resource, def.version);
  // With a converter the request's own version is the one in which everything is done (see Strategy.converter).
  const sameVersion =
    strategy.converter !== undefined || (def.group === def.storage.group && def.version === def.storage.version);
  const { storage } = def;
  const stored = sameVersion ? def : findResource(storage.group, storage.version, storage.resource);
  const storedType = stored?.type ?? def.type;
  const type = storedType === '' ? undefined : findType(storedType);
  const status = type === undefined ? undefined : alwaysOf(type).find((f) => f.name === 'status');
  return {
    def,
    strategy,
    gvk: { group: def.group, version: def.version, kind: def.kind },
    apiVersion: apiVersionOf(def),
    storedApiVersion: strategy.converter === undefined ? apiVersionOf(storage) : apiVersionOf(def),
    sameVersion,
    gk: { group: storage.group, kind: def.kind },
    hasStatus: def.subresources.some((s) => s.name === 'status'),
    generation: generationRule(strategy, type === undefined || type.fields.has('spec')),
    metaRules: {
      namespaced: def.namespaced,
      nameRule: strategy.nameRule ?? 'dns1123Subdomain',
      anyFinalizer: strategy.anyFinalizer ?? isCustom(def),
    },
    storedType,
    emptyStatus:
      status === undefined
        ? undefined
        : () => {
            const made = status.make();
            return isObject(made) ? made : {};
          },
  };
}

/** The resource of this name, built in or not. */
export function resourceFor(deps: RestDeps, group: string, version: string, plural: string): ResourceDef | undefined {
  return findResource(group, version, plural) ?? deps.findResource?.(group, version, plural);
}

/** The resource that the request names. Throws 404 when there is none. */
export function resourceOf(deps: RestDeps, request: ApiRequest): ResourceDef {
  const { group, version, resource } = request.info;
  const def = resourceFor(deps, group, version, resource);
  if (def === undefined) throw pathNotFound();
  return def;
}

/** One write in progress. `name` is set late when it is generated. */
export interface Writing extends WriteContext {
  name: string;
  readonly request: ApiRequest;
  /** Others get their turn between the stages of this write, see `between`. */
  isLarge: boolean;
}

/** Notes that the write is about so many bytes. */
export function noteSize(ctx: Writing, bytes: number): void {
  if (bytes >= LARGE_BYTES) ctx.isLarge = true;
}

/** Between two stages of a write: undefined for one of usual size, else a promise after the others had their turn. */
export function between(ctx: Writing): Promise<void> | undefined {
  return ctx.isLarge ? nextTurn() : undefined;
}

let stampedSecond = -1;
let stamp = '';

/** RFC 3339 with whole seconds, UTC. */
export function timeStamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== stampedSecond) {
    stampedSecond = second;
    stamp = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return stamp;
}

export function startWriting(deps: RestDeps, request: ApiRequest, def: ResourceDef, dryRun: boolean): Writing {
  const { info } = request;
  const warnings: string[] = [];
  collectWarnings(request, warnings);
  return {
    backend: deps.backend,
    def,
    user: request.user,
    namespace: def.namespaced ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    dryRun,
    now: timeStamp(deps.now()),
    warnings,
    request,
    isLarge: request.body.length >= LARGE_BYTES,
  };
}

/** The object's metadata, made when it has none. */
export function metaOf(obj: JsonObject): JsonObject {
  const meta = obj['metadata'];
  if (isObject(meta)) return meta;
  assert(meta === undefined || meta === null, 'metadata is an object');
  const made: JsonObject = {};
  obj['metadata'] = made;
  return made;
}

/** A string member of metadata, '' when absent. */
export function metaText(meta: JsonObject, field: string): string {
  const v = meta[field];
  return typeof v === 'string' ? v : '';
}
