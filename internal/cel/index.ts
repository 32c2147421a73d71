/**
 * The one engine of the Common Expression Language, with Kubernetes 1.36's environment. In short:
 *
 *     const env = kubernetesEnvironment({ variables: new Map([['object', DYN]]) });
 *     const program = compile("object.spec.replicas <= 5", env);
 *     if (!(program instanceof Program)) return program.message;    // compilation failed: ERROR: <input>:1:5: ...
 *     const { value, cost } = await program.evaluate((name) => (name === 'object' ? fromJson(object) : undefined));
 *     if (value instanceof CelError) return value.message;           // no such key: spec
 *
 * `compile` parses (cel-go's syntax errors), checks names and types, and makes closures; it is done once for each
 * expression and environment, and the caller keeps the program. An evaluation never throws: errors are values, and one
 * that costs more than its limit ends with `exceeded`. `evaluate` gives a promise only when an authorizer had to be
 * waited for. Types of variables come from schemas (`schema/`), or are DYN for JSON of which nothing is known.
 */
export { kubernetesEnvironment, type EnvironmentOptions } from './kubernetes-environment.js';
export { compile, type CompileError, type Evaluation, PER_CALL_LIMIT, Program, RUNTIME_BUDGET } from './compile.js';
export type { Environment, FunctionDecl, TypeProvider } from './check/environment.js';
export * from './check/types.js';
export { type Range, MAX as UNBOUNDED } from './cost/range.js';
export type { Node as SizedNode, SizeOf } from './cost/estimate-call.js';
export { fromJson, toJson } from './values/json.js';
export {
  CelError,
  CelList,
  CelMap,
  Duration,
  Optional,
  Timestamp,
  Uint,
  type Value,
} from './values/value.js';
export {
  authorizerValue,
  AUTHORIZER_TYPE,
  type Check,
  type CheckAttributes,
  type CheckDecision,
  Checks,
  RESOURCE_CHECK_TYPE,
  resourceCheckValue,
} from './library/authorizer.js';
export { JSON_PATCH_FUNCTIONS } from './library/jsonpatch.js';
export { QUANTITY_TYPE } from './library/kubernetes.js';
