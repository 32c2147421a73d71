import {
  addFunctions,
  type Environment,
  type FunctionDecl,
  NO_STRUCTS,
  type TypeProvider,
} from './check/environment.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from './check/types.js';
import {
  AUTHORIZER_FUNCTIONS,
  AUTHORIZER_TYPE,
  DECISION_TYPE,
  GROUP_CHECK_TYPE,
  PATH_CHECK_TYPE,
  RESOURCE_CHECK_TYPE,
} from './library/authorizer.js';
import { CONVERSION_FUNCTIONS } from './library/convert.js';
import { KUBERNETES_FUNCTIONS, QUANTITY_TYPE, URL_TYPE } from './library/kubernetes.js';
import { LIST_FUNCTIONS } from './library/lists.js';
import { FORMAT_FUNCTIONS, FORMAT_TYPE } from './library/named-formats.js';
import { CIDR_TYPE, IP_TYPE, NET_FUNCTIONS } from './library/net.js';
import { OPERATOR_FUNCTIONS } from './library/operators.js';
import { OPTIONAL_FUNCTIONS } from './library/optional.js';
import { SEMVER_FUNCTIONS, SEMVER_TYPE } from './library/semver.js';
import { STRING_FUNCTIONS } from './library/strings.js';
import { TIME_FUNCTIONS } from './library/times.js';
import { WELL_KNOWN } from './library/well-known.js';
import { kubernetesMacros, withBindings } from './syntax/macros.js';

const BASE_FUNCTIONS: ReadonlyMap<string, FunctionDecl> = (() => {
  const functions = new Map<string, FunctionDecl>();
  for (const library of [
    OPERATOR_FUNCTIONS,
    CONVERSION_FUNCTIONS,
    TIME_FUNCTIONS,
    STRING_FUNCTIONS,
    LIST_FUNCTIONS,
    KUBERNETES_FUNCTIONS,
    NET_FUNCTIONS,
    FORMAT_FUNCTIONS,
    SEMVER_FUNCTIONS,
    OPTIONAL_FUNCTIONS,
    AUTHORIZER_FUNCTIONS,
  ]) {
    addFunctions(functions, library);
  }
  return functions;
})();

const named = (...types: CelType[]): [string, CelType][] => types.map((t) => [t.name, t]);

const BASE_TYPES: ReadonlyMap<string, CelType> = new Map([
  ...named(BOOL, BYTES, DOUBLE, INT, STRING, UINT, NULL, TIMESTAMP, DURATION),
  ...named(listOf(DYN), mapOf(DYN, DYN), typeOf(DYN), optionalOf(DYN), IP_TYPE, CIDR_TYPE),
  ...named(URL_TYPE, QUANTITY_TYPE, FORMAT_TYPE, SEMVER_TYPE),
  ...named(AUTHORIZER_TYPE, PATH_CHECK_TYPE, GROUP_CHECK_TYPE, RESOURCE_CHECK_TYPE, DECISION_TYPE),
]);

const MACROS = kubernetesMacros();
const WITH_BINDINGS = withBindings(kubernetesMacros());

/** Structs of both; the first that knows a name answers. */
function both(a: TypeProvider, b: TypeProvider): TypeProvider {
  const of = (struct: string): TypeProvider => (a.hasStruct(struct) ? a : b);
  return {
    hasStruct: (name) => a.hasStruct(name) || b.hasStruct(name),
    fieldType: (struct, field) => of(struct).fieldType(struct, field),
    make: (struct, fields) => of(struct).make?.(struct, fields),
  };
}

/** What an environment has beyond Kubernetes' own. */
export interface EnvironmentOptions {
  /** Names may have dots: `authorizer.requestResource`. */
  readonly variables: ReadonlyMap<string, CelType>;
  readonly provider?: TypeProvider;
  readonly functions?: readonly FunctionDecl[];
  readonly types?: ReadonlyMap<string, CelType>;
  /** `cel.bind`, which only selectors of devices have. */
  readonly bindings?: boolean;
}

/** Kubernetes 1.36's environment (k8s.io/apiserver/pkg/cel/environment) with variables and struct types. */
export function kubernetesEnvironment(options: EnvironmentOptions): Environment {
  let functions = BASE_FUNCTIONS;
  if (options.functions !== undefined) {
    const more = new Map(BASE_FUNCTIONS);
    addFunctions(more, options.functions);
    functions = more;
  }
  return {
    functions,
    macros: options.bindings === true ? WITH_BINDINGS : MACROS,
    variables: options.variables,
    types: options.types === undefined ? BASE_TYPES : new Map([...BASE_TYPES, ...options.types]),
    provider: both(options.provider ?? NO_STRUCTS, WELL_KNOWN),
  };
}
