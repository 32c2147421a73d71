/** Leaf types. `quantity` to `fieldsV1` are structs in Go with a JSON form of their own. */
export type Scalar =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'rawExtension'
  | 'json'
  | 'fieldsV1';

export type TypeRef =
  /** `milli`: a quantity that is rounded up to thousandths, as every one of a ResourceList is. */
  | { readonly k: 'scalar'; readonly scalar: Scalar; readonly milli?: true }
  | { readonly k: 'message'; readonly type: string }
  | { readonly k: 'list'; readonly of: TypeRef }
  | { readonly k: 'map'; readonly of: TypeRef };

export interface FieldDef {
  readonly name: string;
  readonly ref: TypeRef;
  /** Protobuf field number; 0 when the field has no protobuf form. */
  readonly number: number;
  /**
   * Numbers of the embedded messages (Go's inlined structs) that hold the field in protobuf, outermost first:
   * `Volume.emptyDir` is field 2 of the message that field 2 (`volumeSource`) holds. Absent: in the message itself.
   */
  readonly embedded?: readonly number[];
  /** In protobuf a list is wrapped in a message that repeats it as field 1 (`Verbs`); so is every `map[string][]string` value. */
  readonly wrapped?: true;
  /** A pointer in Go: absent and zero value differ, so `0`, `false` and `""` are kept. */
  readonly pointer?: true;
  /** In OpenAPI's `required`. */
  readonly required: boolean;
  /**
   * Serialized even when it has Go's zero value: the field has no `omitempty`, or is a struct that is not a pointer.
   * Zero is `""`, `0`, `false`, `{}` for a struct (with what is `always` inside), `null` for a list, map, time, raw value or pointer, `"0"` for a quantity.
   */
  readonly always?: true;
  /**
   * To defaults and rules, an empty list or map is not the same as an absent one: decoding keeps it. Only where a rule
   * refuses it, since Go would not store it.
   */
  readonly keepsEmpty?: true;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** x-kubernetes-map-type. */
  readonly mapType?: 'atomic' | 'granular';
  /** x-kubernetes-patch-strategy, e.g. `merge`, `retainKeys`, `merge,retainKeys`. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly description: string;
}

/** One Go struct of the API, e.g. `io.k8s.api.core.v1.PodSpec`. */
export interface TypeDef {
  /** OpenAPI definition name. */
  readonly name: string;
  readonly description: string;
  /** In Go's order, which is the order of the JSON that kube-apiserver writes. */
  readonly fields: ReadonlyMap<string, FieldDef>;
  /** Has `kind` and `apiVersion` (first two fields, without a protobuf number: protobuf carries them in the envelope). */
  readonly typeMeta: boolean;
  /**
   * The JSON form is not an object of the fields (they are the protobuf form) but one of: a JSONSchemaProps or a
   * list of them (`array`), or a boolean (`bool`), or a list of strings (`strings`).
   */
  readonly oneOf?: 'array' | 'bool' | 'strings';
  /** x-kubernetes-map-type of the struct itself. */
  readonly mapType?: 'atomic' | 'granular';
  /** x-kubernetes-unions and the like are kept for OpenAPI only. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface SubresourceDef {
  /** `status`, `scale`, `binding`, `eviction`, `token` ... */
  readonly name: string;
  /** Kind that the subresource's body has, when it is not the resource's own. */
  readonly kind: GroupVersionKind;
  readonly verbs: readonly string[];
}

/** Whether a CustomResourceDefinition serves the resource: its kind is in no type table. */
export const isCustom = (def: Pick<ResourceDef, 'type'>): boolean => def.type === '';

/** One resource in one served version: a row of discovery. */
export interface ResourceDef {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceDef[];
  /** Definition name of the kind: the key into the type tables; '' for custom resources (`isCustom`). */
  readonly type: string;
  /** What every answer in this version warns about (deprecated versions of custom resources). */
  readonly deprecation?: string;
  /** A DELETE that removes the object at once answers with the object, not with a Status. */
  readonly returnsDeleted?: true;
  /** Group and version in which the object is stored; the key's group and resource are those of the storage form. */
  readonly storage: { readonly group: string; readonly version: string; readonly resource: string };
}
