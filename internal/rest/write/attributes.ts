import type { AdmissionAttributes, GroupVersion, Operation } from '../../admission/types.js';
import type { UserInfo } from '../../auth/types.js';
import { assert } from '../../machinery/assert.js';
import type { JsonObject } from '../../machinery/json.js';
import { internalError, StatusError } from '../../machinery/status.js';
import { decodeValue } from '../../schema/codec/index.js';
import { findResourceByKind, parseGroupVersion } from '../../schema/index.js';
import { kindOfPath } from '../../schema/kind-of-path.js';
import { isCustom, type GroupVersionKind, type ResourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import { toServed, toStored } from './decode.js';
import type { DeleteOptions } from './options.js';
import { deleteOptionsObject, writeOptionsObject } from './options-object.js';
import { kindOf, metaOf, metaText, resourceFor, type Writing } from './target.js';

/** Decodes what admission made; what is wrong with it is an error of the server's, in the words of Go's decoder. */
function decoded(object: JsonObject, type: string, gvk: GroupVersionKind): JsonObject {
  try {
    return decodeValue(object, type, 'Ignore', gvk).object;
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error;
    throw internalError(error.message.replace(/^.*? cannot be handled as a [^:]*: /s, ''));
  }
}

/** What a request is about, beside its resource: all that its operation needs. */
export interface Subject {
  readonly operation: Operation;
  readonly object?: JsonObject;
  readonly oldObject?: JsonObject;
  /** Definition name of the object's type where it is not the resource's own (Scale, Eviction, options of a CONNECT). */
  readonly type?: string;
  /** Of a DELETE. */
  readonly deleteOptions?: DeleteOptions;
}

/** The attributes of one attempt at a write. */
export class WriteAttributes implements AdmissionAttributes {
  readonly operation: Operation;
  object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  private readonly type: string | undefined;
  private readonly deleteOptions: DeleteOptions | undefined;

  constructor(
    private readonly deps: RestDeps,
    readonly def: ResourceDef,
    private readonly ctx: Writing,
    subject: Subject,
  ) {
    this.operation = subject.operation;
    this.object = subject.object;
    this.oldObject = subject.oldObject;
    this.type = subject.type;
    this.deleteOptions = subject.deleteOptions;
  }

  get subresource(): string {
    return this.ctx.subresource;
  }
  get kind(): GroupVersionKind {
    return kindOfPath(this.def, this.ctx.subresource);
  }
  get namespace(): string {
    const { group, resource } = this.def;
    return group === '' && resource === 'namespaces' ? this.ctx.name : this.ctx.namespace;
  }
  get name(): string {
    return this.ctx.request.info.verb === 'deletecollection' ? '' : this.ctx.name;
  }
  get user(): UserInfo {
    return this.ctx.user;
  }
  get originalUser(): UserInfo {
    return this.ctx.request.originalUser ?? this.ctx.user;
  }
  get dryRun(): boolean {
    return this.ctx.dryRun;
  }
  get options(): JsonObject | undefined {
    const { query } = this.ctx.request;
    switch (this.operation) {
      case 'CREATE':
        return writeOptionsObject('CreateOptions', query, this.dryRun);
      case 'UPDATE':
        return writeOptionsObject('UpdateOptions', query, this.dryRun);
      case 'DELETE':
        return this.deleteOptions === undefined ? undefined : deleteOptionsObject(this.deleteOptions);
      case 'CONNECT':
        return undefined;
    }
  }

  objectAs(version: GroupVersion): JsonObject | undefined | Promise<JsonObject | undefined> {
    return this.object === undefined ? undefined : this.served(this.object, version);
  }
  oldObjectAs(version: GroupVersion): JsonObject | undefined | Promise<JsonObject | undefined> {
    return this.oldObject === undefined ? undefined : this.served(this.oldObject, version);
  }

  private served(object: JsonObject, version: GroupVersion): JsonObject | Promise<JsonObject | undefined> {
    if (this.type !== undefined) return object;
    const { converter } = kindOf(this.deps, this.versionOf(version)).strategy;
    if (converter !== undefined) {
      if (version.version === this.def.version) return object;
      return converter.served([object]).then(([served]) => served);
    }
    return toServed(kindOf(this.deps, this.versionOf(version)), object);
  }

  private versionOf({ group, version }: GroupVersion): ResourceDef {
    const { def } = this;
    if (group === def.group && version === def.version) return def;
    const other = resourceFor(this.deps, group, version, def.resource);
    const { storage } = def;
    if (other === undefined || other.storage.group !== storage.group || other.storage.resource !== storage.resource) {
      throw internalError(`no version ${group}/${version} of ${storage.resource} is served`);
    }
    return other;
  }

  replaceObject(object: JsonObject): void | Promise<void> {
    const { object: target } = this;
    assert(target !== undefined, 'only a new object can be replaced');
    const { group, version, kind } = this.kind;
    if (object['kind'] !== kind) throw this.otherKind(object);
    const made = this.type === undefined ? this.stored(object) : decoded(object, this.type, { group, version, kind });
    if (made instanceof Promise) return made.then((there) => this.put(target, there));
    this.put(target, made);
  }

  /** Whoever holds the object sees the change. */
  private put(target: JsonObject, made: JsonObject): void {
    for (const field of Object.keys(target)) delete target[field];
    Object.assign(target, made);
  }

  private stored(object: JsonObject): JsonObject | Promise<JsonObject> {
    const own = kindOf(this.deps, this.versionOf(parseGroupVersion(metaText(object, 'apiVersion'))));
    const { type } = own.def;
    const made = type === '' ? object : decoded(object, type, own.gvk);
    own.strategy.coerce?.(made, 'Ignore', []);
    // The store counts on it.
    metaOf(made);
    const { converter } = kindOf(this.deps, this.def).strategy;
    if (converter !== undefined && own.def.version !== this.def.version) {
      return converter.served([made]).then(([there]) => there ?? made);
    }
    return toStored(own, made);
  }

  /** It is decoded as what it says it is, and then it is of no use: kube-apiserver's errors come in that order. */
  private otherKind(object: JsonObject): StatusError {
    const { group, version } = parseGroupVersion(metaText(object, 'apiVersion'));
    const kind = metaText(object, 'kind');
    const other = findResourceByKind(group, version, kind);
    if (other !== undefined && !isCustom(other)) decoded(object, other.type, { group, version, kind });
    return internalError(
      `converting (${version}.${kind}) to (${this.kind.version}.${this.kind.kind}): unknown conversion`,
    );
  }
}
