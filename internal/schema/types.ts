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
  | { readonly k: 'scalar'; readonly scalar: Scalar }
  | { readonly k: 'message'; readonly type: string }
  | { readonly k: 'list'; readonly of: TypeRef }
  | { readonly k: 'map'; readonly of: TypeRef };

export interface FieldDef {
  readonly name: string;
  readonly ref: TypeRef;
  /** Protobuf field number; 0 when the field has no protobuf form. */
  readonly number: number;
  /** In OpenAPI's `required`. */
  readonly required: boolean;
  /** Serialized even when it has Go's zero value (no `omitempty`). */
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
  readonly fields: ReadonlyMap<string, FieldDef>;
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
  /** Definition name of the kind: the key into the type tables. */
  readonly type: string;
  /** Group and version in which the object is stored; the key's group and resource are those of the storage form. */
  readonly storage: { readonly group: string; readonly version: string; readonly resource: string };
}
