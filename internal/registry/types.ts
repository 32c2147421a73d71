import type { UserInfo } from '../auth/types.js';
import type { ScalePaths } from '../extensions/definition.js';
import type { FieldError } from '../machinery/field.js';
import type { JsonObject, JsonValue } from '../machinery/json.js';
import type { Plan, ResetFilter } from '../schema/apply/index.js';
import type { FieldValidation } from '../schema/codec/index.js';
import type { NameRule } from '../machinery/names.js';
import type { ResourceDef } from '../schema/types.js';
import type { Backend, Compare, Op } from '../store/types.js';

/** What a strategy may look at while it handles one write. */
export interface WriteContext {
  readonly backend: Backend;
  readonly def: ResourceDef;
  readonly user: UserInfo;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly dryRun: boolean;
  /** RFC 3339, whole seconds, UTC: the same for every time stamp of this write. */
  readonly now: string;
  /** Warning headers to answer with. */
  readonly warnings: string[];
}

/** Extra keys that are written, or conditions that must hold, in the same transaction as the object. */
export interface TxnExtras {
  readonly compares?: readonly Compare[];
  readonly ops?: readonly Op[];
}

/** Which fields make a change of intent: changing one of them increments `metadata.generation`. */
export interface GenerationRule {
  /** Top-level fields that count; every one but metadata and status when absent. */
  readonly of?: readonly string[];
  readonly labels?: boolean;
  /** The generation of a new object; 1 when absent, and none for 0. */
  readonly first?: 0;
  /** A list or map that is written down empty where there was none is a change (Go's reflect.DeepEqual). */
  readonly emptiness?: true;
  /** Status counts too (custom resources without the subresource). */
  readonly status?: true;
  readonly annotations?: boolean;
}

/** A subresource that is an update of the object itself: `status`, `finalize`, `approval`, `resize` ... */
export interface SubresourceStrategy {
  /** Keeps everything that this subresource may not change. */
  prepare(ctx: WriteContext, obj: JsonObject, old: JsonObject): void;
  validate?(obj: JsonObject, old: JsonObject, ctx: WriteContext): FieldError[];
  /** Whether a change increments the generation (default: no, as status does not). */
  readonly generation?: boolean;
}

/** Converts objects of one resource to and from one of its versions. Rejects with StatusError 500. */
export interface VersionConverter {
  /**
   * Stored objects, of any versions, as this version shows them: with the defaults of the version in which they are
   * stored, and pruned. The arguments are not changed.
   */
  served(objects: readonly JsonObject[]): Promise<JsonObject[]>;
  /** The same of one object; absent where a webhook has to be asked. */
  servedNow?(object: JsonObject): JsonObject;
  /** Objects of this version may be stored in others. */
  readonly hasForeign: boolean;
  /** Objects in this version, not pruned; undefined when one has a field that this version does not know. */
  declared(objects: readonly JsonObject[]): Promise<JsonObject[] | undefined>;
  /** An object of this version in the storage version. */
  stored(object: JsonObject): Promise<JsonObject>;
}

/** metav1.TableColumnDefinition. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 only in wide output. */
  readonly priority: number;
}

/** What is wrong, in order. */
export type FieldErrors = FieldError[] | Promise<FieldError[]>;

/** What is true of a resource in a word: what its store allows, and what of its objects counts. */
export interface Traits {
  /** Whether a spec change increments metadata.generation (default: yes when the kind has spec). */
  readonly generation?: boolean | GenerationRule;
  /** Name validation: a DNS-1123 subdomain unless it says otherwise. */
  readonly nameRule?: NameRule;
  /** Update may create (leases, endpoints, nodes' leases, ...): AllowCreateOnUpdate. */
  readonly createOnUpdate?: boolean;
  /** An update without resourceVersion is accepted: AllowUnconditionalUpdate (default true). */
  readonly unconditionalUpdate?: boolean;
  /** Default propagation: whether dependents are orphaned when the client says nothing. */
  readonly defaultOrphan?: boolean;
  /** Dependents of these objects are never orphaned or waited for (events): GarbageCollectionUnsupported. */
  readonly noGarbageCollection?: boolean;
  /** DELETE answers with the object instead of a Status when it is gone at once: ReturnDeletedObject. */
  readonly returnDeletedObject?: boolean;
  /** A create may set status (nodes); otherwise kinds with a status subresource start without one. */
  readonly keepStatusOnCreate?: boolean;
  /** `/status` leaves labels, annotations, finalizers and owners alone, or the fields of metadata named here. */
  readonly statusKeepsMetadata?: boolean | readonly string[];
  /** Finalizers need no slash: the kind's own rules are apimachinery's, not those of the core group. */
  readonly anyFinalizer?: boolean;
  /** Seconds after which the object is deleted by the leader (events); 0 or undefined means never. */
  ttlSeconds?(obj: JsonObject): number | undefined;
}

/** What happens to an object while it is written or goes. */
export interface WriteBehaviour {
  /** Fills defaults as kube-apiserver's SetDefaults_* do; also run on objects read from older releases. */
  defaults?(obj: JsonObject): void;
  /** Clears what a client may not set on create (status for resources with a status subresource) and sets what the server sets. */
  prepareForCreate?(ctx: WriteContext, obj: JsonObject): void;
  /** Keeps what a client may not change on update of the main resource. Generation and status are handled generically. */
  prepareForUpdate?(ctx: WriteContext, obj: JsonObject, old: JsonObject): void;
  /** Same, for `/status`. */
  prepareForStatusUpdate?(ctx: WriteContext, obj: JsonObject, old: JsonObject): void;
  /** Refuses a create with a StatusError before validating admission plugins see it. */
  admitCreate?(ctx: WriteContext, obj: JsonObject): void;
  /** Last step before the transaction: allocates (cluster IPs, node ports) and says what must be written with the object. */
  allocate?(ctx: WriteContext, obj: JsonObject, old: JsonObject | undefined): TxnExtras | Promise<TxnExtras>;
  /** What must be written with the removal of the object. */
  release?(ctx: WriteContext, obj: JsonObject): TxnExtras;
  /** Update subresources other than `status`, and `status` when it is not the usual one, by name. */
  readonly subresources?: Readonly<Record<string, SubresourceStrategy>>;
  /** Seconds of grace on delete; undefined means that the object goes at once. */
  gracePeriodSeconds?(obj: JsonObject, requested: number | undefined): number | undefined;
  /**
   * Takes over DELETE (namespaces, custom resource definitions): `update` writes the changed object and answers it,
   * `wait` answers it as it is, `delete` goes on as for every other kind.
   */
  beginDelete?(ctx: WriteContext, obj: JsonObject): 'update' | 'wait' | 'delete';
  /** One more condition for an update to remove a deleting object without finalizers (namespaces: spec.finalizers). */
  deletableDuringUpdate?(obj: JsonObject, old: JsonObject): boolean;
}

/** Which objects are refused, and which are warned about. */
export interface Validation {
  /** What is wrong with a new object that kube-apiserver comes upon before it looks at metadata. */
  validateFirst?(obj: JsonObject, ctx: WriteContext): FieldErrors;
  /** Metadata of a new object is looked at only when nothing else is wrong with it. */
  readonly metadataLast?: boolean;
  /** What is wrong with a new object. A promise where expressions are evaluated: others get their turn between them. */
  validate?(obj: JsonObject, ctx: WriteContext): FieldErrors;
  validateUpdate?(obj: JsonObject, old: JsonObject, ctx: WriteContext): FieldErrors;
  validateStatusUpdate?(obj: JsonObject, old: JsonObject, ctx: WriteContext): FieldErrors;
  warnings?(obj: JsonObject, old: JsonObject | undefined): string[];
  /** Warnings about an update of `/status`. */
  statusWarnings?(obj: JsonObject): string[];
}

/** What field selectors may ask for. */
export interface FieldSelection {
  /** Field selectors beside metadata.name and metadata.namespace: label -> value. */
  fields?(obj: JsonObject): Record<string, string>;
  /** Names that `fields` can return: what a field selector may ask for. */
  readonly fieldNames?: readonly string[];
  /** Further names that this version's field selectors may use, and the name of the same field in `fields`. */
  readonly fieldAliases?: Readonly<Record<string, string>>;
}

/** How the objects are shown in tables. */
export interface TableStrategy {
  readonly columns?: readonly Column[];
  /** Cells for `columns`; `now` in milliseconds since the epoch for ages. */
  cells?(obj: JsonObject, now: number): JsonValue[];
  /** What the row of an object says beside its cells: conditions of metav1.TableRow. */
  rowConditions?(obj: JsonObject): JsonValue[];
}

/** How managedFields and `/scale` see the fields of a custom resource. */
export interface FieldManagement {
  /** How server-side apply and managedFields see a custom resource. */
  readonly fieldPlan?: Plan;
  readonly fieldFilter?: ResetFilter;
  /** Filters of subresources, where they are others. */
  readonly subresourceFilters?: Readonly<Record<string, ResetFilter>>;
  /** Where the scale subresource of a custom resource finds its numbers. */
  readonly scale?: ScalePaths;
}

/** How objects come to be of a version and of its schema. */
export interface Conversion {
  /**
   * Brings a decoded object to its schema where no built-in type does (custom resources): prunes what is unknown, which
   * with `Strict` is a 400 and with `Warn` a warning. In the version of the request.
   */
  coerce?(obj: JsonObject, validation: FieldValidation, warnings: string[]): void;
  /**
   * Versions differ in more than their name: then requests are handled in their own version, and objects are converted
   * where they are read from the store and written to it (by a conversion webhook, or by pruning alone).
   */
  readonly converter?: VersionConverter;
  /** Objects that were last written up to the revision `until` may be of an older schema; `renew` brings one to today's, in place. */
  readonly outdated?: { readonly until: number; renew(object: JsonObject): void };
  /** Converts from and to the other served versions of the same storage (autoscaling/v1 <-> v2 ...). The caller sets `apiVersion`. */
  toVersion?(obj: JsonObject, version: string): JsonObject;
  fromVersion?(obj: JsonObject, version: string): JsonObject;
}

/** A type with the members of both; `never` when they share one. */
type Disjoint<A, B> = keyof A & keyof B extends never ? A & B : never;

/**
 * What is particular to one resource, in facets that share no member. Every member is optional: the generic behaviour is
 * in `rest`. Functions get objects in the storage version and may change the one named first.
 */
export type Strategy = Disjoint<
  Traits,
  Disjoint<
    WriteBehaviour,
    Disjoint<Validation, Disjoint<FieldSelection, Disjoint<TableStrategy, Disjoint<FieldManagement, Conversion>>>>
  >
>;

/** The strategies of one API group, by plural resource name: what `internal/registry/<group>/index.ts` exports. */
export type GroupStrategies = Readonly<Record<string, Strategy>>;
