import type { Registry } from 'prom-client';
import type { Authorizer, UserInfo } from '../auth/types.js';
import type { Callout, ReviewServer, ServiceResolver } from '../callout/index.js';
import type { JsonObject } from '../machinery/json.js';
import type { Plan } from '../schema/apply/index.js';
import type { GroupVersionKind, ResourceDef } from '../schema/types.js';
import type { Informer } from '../store/informer.js';
import type { Compare, KeyValue, Op } from '../store/types.js';
import type { PluginConfiguration } from './config-file.js';
import type { TolerationSeconds } from './default-toleration-seconds/index.js';
import type { Reinvocation } from './reinvocation.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/**
 * What a plugin may know about one request (apiserver's admission.Attributes). Objects are in their storage version;
 * `objectAs` and `oldObjectAs` show them in any other.
 */
export interface AdmissionAttributes {
  readonly operation: Operation;
  /** The resource of the request's path; with `subresource` what an AdmissionRequest calls requestResource. */
  readonly def: ResourceDef;
  readonly subresource: string;
  /**
   * The kind that the path takes, in the request's version (an AdmissionRequest's requestKind): the resource's own, or
   * that of the subresource (Scale, Eviction, Binding, TokenRequest; the options object of a CONNECT).
   */
  readonly kind: GroupVersionKind;
  /** '' for resources that are not in a namespace; a Namespace's own name, as kube-apiserver has it. */
  readonly namespace: string;
  /** '' while a generated name is not known, and for each object of a DELETE of a collection. */
  readonly name: string;
  /** Whose rights count: the impersonated user where there is one. */
  readonly user: UserInfo;
  /** Who authenticated. */
  readonly originalUser: UserInfo;
  readonly dryRun: boolean;
  /**
   * CreateOptions, UpdateOptions or DeleteOptions with `kind` and `apiVersion`, made when it is asked for: those of the
   * operation, so that a patch has UpdateOptions, or CreateOptions when it creates. Undefined for CONNECT.
   */
  readonly options: JsonObject | undefined;
  /** The new object, or the options of a CONNECT; undefined for DELETE. Mutating plugins may change it in place. */
  readonly object: JsonObject | undefined;
  /** The stored object; undefined for CREATE and CONNECT. Nobody changes it. */
  readonly oldObject: JsonObject | undefined;
  /**
   * The new object in a served version of its resource; one that is of no other version (Scale, Eviction ...) as it is.
   * The answer may share parts with the object and must not be changed. Throws StatusError 500 for an unknown version.
   */
  objectAs(version: GroupVersion): JsonObject | undefined | Promise<JsonObject | undefined>;
  oldObjectAs(version: GroupVersion): JsonObject | undefined | Promise<JsonObject | undefined>;
  /**
   * Puts another in the place of the new object, in the version that its own `apiVersion` names: it is brought to its
   * type, defaulted and converted to the storage version. `object` stays the same JavaScript object. Throws StatusError
   * for one that is not of the kind.
   */
  replaceObject(object: JsonObject): void | Promise<void>;
}

/** Reads other objects as this replica has applied them: what kube-apiserver's plugins have informers for. */
export interface ObjectReader {
  /** The stored object, or undefined. It may be shared: nobody changes it. */
  get(group: string, resource: string, namespace: string, name: string): JsonObject | undefined;
  /**
   * All objects of a resource, in one namespace where it has one, by name. They are shared: nobody changes them. From then
   * on the resource is kept parsed, which is for kinds of which there are few.
   */
  list(group: string, resource: string, namespace?: string): readonly JsonObject[];
  /**
   * The stored objects of a resource in one namespace, unparsed, in pages of at most 100 and 1 MiB: for those who rest
   * between two. Each page is as of the moment at which it is read.
   */
  pages(group: string, resource: string, namespace: string): Iterable<readonly KeyValue[]>;
  /** How many objects of a resource there are in one namespace. */
  count(group: string, resource: string, namespace: string): number;
  /** Does every member of the cluster know the `charge` operation? */
  readonly takesCharges: boolean;
  /** Bytes and revision of a key, for compares. */
  stored(key: string): KeyValue | undefined;
  /** Resolves when this replica has applied what was committed before the call. Rejects with UnavailableError. */
  catchUp(): Promise<void>;
  /** Keeps objects parsed, as new as what this replica has applied: for what is asked at every write. */
  readonly informer: Informer;
}

/** Knows every resource that is served, custom ones included. */
export interface ResourceLookup {
  /** The same objects in their other served versions (apiserver's EquivalentResourceMapper). */
  equivalents(def: ResourceDef): readonly ResourceDef[];
  /** The resource of a kind, or undefined when it is not served. */
  ofKind(group: string, version: string, kind: string): ResourceDef | undefined;
  /** A stored object in the version of `def`; it may share parts with the stored one and must not be changed. */
  served(def: ResourceDef, stored: JsonObject): JsonObject | Promise<JsonObject>;
  /** How objects of the resource merge; undefined for one whose type is not known. */
  mergePlan(def: ResourceDef): Plan | undefined;
}

/** What plugins work with during one attempt at a write. An attempt that a compare undoes is followed by a new one. */
export interface AdmissionContext {
  readonly reader: ObjectReader;
  readonly resources: ResourceLookup;
  readonly authorizer: Authorizer;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** Conditions under which the decision holds: they go into the write's own transaction, which is decided anew when one fails. */
  readonly compares: Compare[];
  /** What is written with the object, in its transaction (the usage of a quota). A dry run writes nothing of it. */
  readonly operations: Op[];
  /** State of the second run of the mutating plugins. */
  readonly reinvocation: Reinvocation;
  /** Adds an annotation to the audit event of the request; the key has the plugin's domain. */
  annotate(key: string, value: string): void;
  /** Whether that event records what the client sent (level Request or more), and so may tell what changed in it. */
  readonly isRecorded: boolean;
  /** The Namespace of the request as it is stored; undefined for cluster-scoped resources and where there is none. */
  namespaceObject(): JsonObject | undefined;
  /** Calls `listener` once when this attempt is over, however it ended: who holds a lock for a write gives it back. */
  afterAttempt(listener: () => void): void;
}

/** One admission plugin. Refuses by throwing a StatusError. Who can decide at once returns no promise. */
export interface AdmissionPlugin {
  /** As `--enable-admission-plugins` names it. */
  readonly name: string;
  /** Asked once, when the chain is made. */
  handles(operation: Operation): boolean;
  /** May change `attributes.object`. */
  admit?(ctx: AdmissionContext, attributes: AdmissionAttributes): void | Promise<void>;
  /** Sees the object as it will be stored and may only refuse. */
  validate?(ctx: AdmissionContext, attributes: AdmissionAttributes): void | Promise<void>;
}

/** What a plugin that can be configured, or that counts, is made of. */
export interface PluginParts {
  /** Its entry in `--admission-control-config-file`; undefined where there is none. */
  readonly configuration?: PluginConfiguration | undefined;
  /** Where its metrics go; nowhere when absent. */
  readonly registry?: Registry | undefined;
  /** How a plugin calls others, and where a Service answers; absent where nobody can be called. */
  readonly calls?: { readonly callout: Callout; readonly resolve: ServiceResolver } | undefined;
  /** The server that a kubeconfig names, to be sent reviews. Throws FatalError for a file that cannot be used. */
  readonly kubeconfigServer?: ((file: string, timeoutMs: number) => ReviewServer) | undefined;
  /** Makes a namespace that is not there; absent where nobody writes for the server itself. */
  readonly createNamespace?: ((name: string) => Promise<void>) | undefined;
  /** What DefaultTolerationSeconds adds; five minutes of each when absent. */
  readonly tolerationSeconds?: TolerationSeconds | undefined;
}

/** Makes such a plugin. Throws FatalError for a configuration that is wrong. */
export type PluginFactory = (parts: PluginParts) => AdmissionPlugin;
