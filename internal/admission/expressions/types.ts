import {
  AUTHORIZER_TYPE,
  BOOL,
  type CelType,
  DYN,
  type Environment,
  INT,
  JSON_PATCH_FUNCTIONS,
  kubernetesEnvironment,
  listOf,
  mapOf,
  RESOURCE_CHECK_TYPE,
  STRING,
  structType,
  TIMESTAMP,
  type TypeProvider,
} from '../../cel/index.js';
import { PATCH_TYPES } from './patch-types.js';

/* What expressions of webhooks and policies may name (k8s.io/apiserver/pkg/admission/plugin/cel). */

const K = 'kubernetes.';
const STRINGS = mapOf(STRING, STRING);

const STRUCTS: ReadonlyMap<string, ReadonlyMap<string, CelType>> = new Map(
  Object.entries({
    GroupVersionKind: { group: STRING, version: STRING, kind: STRING },
    GroupVersionResource: { group: STRING, version: STRING, resource: STRING },
    UserInfo: { username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) },
    AdmissionRequest: {
      kind: structType(`${K}GroupVersionKind`),
      resource: structType(`${K}GroupVersionResource`),
      subResource: STRING,
      requestKind: structType(`${K}GroupVersionKind`),
      requestResource: structType(`${K}GroupVersionResource`),
      requestSubResource: STRING,
      name: STRING,
      namespace: STRING,
      operation: STRING,
      userInfo: structType(`${K}UserInfo`),
      dryRun: BOOL,
      options: DYN,
    },
    NamespaceSpec: { finalizers: listOf(STRING) },
    NamespaceCondition: {
      status: STRING,
      type: STRING,
      lastTransitionTime: TIMESTAMP,
      message: STRING,
      reason: STRING,
    },
    NamespaceStatus: { conditions: listOf(structType(`${K}NamespaceCondition`)), phase: STRING },
    NamespaceMetadata: {
      name: STRING,
      generateName: STRING,
      namespace: STRING,
      labels: STRINGS,
      annotations: STRINGS,
      UID: STRING,
      creationTimestamp: TIMESTAMP,
      deletionGracePeriodSeconds: INT,
      deletionTimestamp: TIMESTAMP,
      generation: INT,
      resourceVersion: STRING,
      finalizers: listOf(STRING),
    },
    Namespace: {
      metadata: structType(`${K}NamespaceMetadata`),
      spec: structType(`${K}NamespaceSpec`),
      status: structType(`${K}NamespaceStatus`),
    },
  } satisfies Record<string, Record<string, CelType>>).map(([name, fields]) => [
    K + name,
    new Map(Object.entries(fields)),
  ]),
);

const VARIABLES = `${K}variables`;

/** What an environment has beyond what every expression of admission has. */
export interface ExpressionOptions {
  /** The policy has a paramKind. */
  readonly params: boolean;
  /** Messages have no authorizer. */
  readonly authorizer: boolean;
  /** `Object{...}` and `JSONPatch{...}`: expressions that mutate. */
  readonly patches?: boolean;
  /** Types of the variables that are declared so far; undefined where there are no variables at all. Read when needed. */
  readonly variables?: ReadonlyMap<string, CelType>;
}

/** The environment of an expression of a webhook or policy. */
export function admissionEnvironment(options: ExpressionOptions): Environment {
  const names = new Map<string, CelType>([
    ['object', DYN],
    ['oldObject', DYN],
    ['namespaceObject', structType(`${K}Namespace`)],
    ['request', structType(`${K}AdmissionRequest`)],
  ]);
  if (options.params) names.set('params', DYN);
  if (options.authorizer) {
    names.set('authorizer', AUTHORIZER_TYPE);
    names.set('authorizer.requestResource', RESOURCE_CHECK_TYPE);
  }
  const { variables } = options;
  if (variables !== undefined) names.set('variables', structType(VARIABLES));
  const patches = options.patches === true;
  const provider: TypeProvider = {
    hasStruct: (name) =>
      STRUCTS.has(name) || (variables !== undefined && name === VARIABLES) || (patches && PATCH_TYPES.hasStruct(name)),
    fieldType: (struct, field) =>
      struct === VARIABLES
        ? variables?.get(field)
        : (STRUCTS.get(struct)?.get(field) ?? (patches ? PATCH_TYPES.fieldType(struct, field) : undefined)),
    make: (struct, fields) => (patches ? PATCH_TYPES.make?.(struct, fields) : undefined),
  };
  return kubernetesEnvironment({
    variables: names,
    provider,
    ...(patches ? { functions: JSON_PATCH_FUNCTIONS } : {}),
  });
}

/** The type that a variable has for what follows: of types with fields, and of optional ones, nothing is known. */
export function variableType(type: CelType): CelType {
  switch (type.kind) {
    case 'list':
      return listOf(variableType(type.params[0] ?? DYN));
    case 'map':
      return mapOf(variableType(type.params[0] ?? DYN), variableType(type.params[1] ?? DYN));
    case 'struct':
    case 'opaque':
    case 'type':
    case 'param':
    case 'error':
    case 'dyn':
      return DYN;
    case 'null':
    case 'bool':
    case 'int':
    case 'uint':
    case 'double':
    case 'string':
    case 'bytes':
    case 'timestamp':
    case 'duration':
      return type;
  }
}
