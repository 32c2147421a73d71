import type { AdmissionAttributes, GroupVersion, Operation } from '../../admission/types.js';
import type { UserInfo } from '../../auth/types.js';
import { assert } from '../../machinery/assert.js';
import type { JsonObject } from '../../machinery/json.js';
import { internalError } from '../../machinery/status.js';
import { decodeValue } from '../../schema/codec/index.js';
import { parseGroupVersion } from '../../schema/index.js';
import { kindOfPath } from '../../schema/kind-of-path.js';
import type { GroupVersionKind, ResourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import { toServed, toStored } from './decode.js';
import type { DeleteOptions } from './options.js';
import { deleteOptionsObject, writeOptionsObject } from './options-object.js';
import { kindOf, metaOf, metaText, resourceFor, type Writing } from './target.js';

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

  objectAs(version: GroupVersion): JsonObject | undefined {
    return this.object === undefined ? undefined : this.served(this.object, version);
  }
  oldObjectAs(version: GroupVersion): JsonObject | undefined {
    return this.oldObject === undefined ? undefined : this.served(this.oldObject, version);
  }

  private served(object: JsonObject, version: GroupVersion): JsonObject {
    if (this.type !== undefined) return object;
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

  replaceObject(object: JsonObject): void {
    const { object: target } = this;
    assert(target !== undefined, 'only a new object can be replaced');
    const kind = this.kind.kind;
    if (object['kind'] !== kind) throw internalError(`admission changed the kind of the object: it was ${kind}`);
    const made = this.type === undefined ? this.stored(object) : decodeValue(object, this.type, 'Ignore').object;
    // Whoever holds the object sees the change.
    for (const field of Object.keys(target)) delete target[field];
    Object.assign(target, made);
  }

  private stored(object: JsonObject): JsonObject {
    const own = kindOf(this.deps, this.versionOf(parseGroupVersion(metaText(object, 'apiVersion'))));
    const { type } = own.def;
    const decoded = type === '' ? object : decodeValue(object, type, 'Ignore', own.gvk).object;
    own.strategy.coerce?.(decoded, 'Ignore', []);
    // The store counts on it.
    metaOf(decoded);
    return toStored(own, decoded);
  }
}
