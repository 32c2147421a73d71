import {
  BOOL,
  CelError,
  type CelType,
  compile,
  fromJson,
  kubernetesEnvironment,
  listOf,
  mapOf,
  Program,
  STRING,
  type TypeProvider,
} from '../../cel/index.js';
import { structType } from '../../cel/check/types.js';
import type { JsonObject } from '../../machinery/json.js';
import { selectorAttributes } from '../selectors.js';
import type { Attributes } from '../types.js';

/** Cost units that the conditions of one webhook may use together, as in kube-apiserver. */
const BUDGET = 2_500_000;

const struct = (fields: Readonly<Record<string, CelType>>): ReadonlyMap<string, CelType> =>
  new Map(Object.entries(fields));
const REQUIREMENTS = {
  key: STRING,
  operator: STRING,
  values: listOf(STRING),
};
const STRUCTS: ReadonlyMap<string, ReadonlyMap<string, CelType>> = new Map([
  [
    'kubernetes.SubjectAccessReviewSpec',
    struct({
      resourceAttributes: structType('kubernetes.ResourceAttributes'),
      nonResourceAttributes: structType('kubernetes.NonResourceAttributes'),
      user: STRING,
      groups: listOf(STRING),
      extra: mapOf(STRING, listOf(STRING)),
      uid: STRING,
    }),
  ],
  [
    'kubernetes.ResourceAttributes',
    struct({
      namespace: STRING,
      verb: STRING,
      group: STRING,
      version: STRING,
      resource: STRING,
      subresource: STRING,
      name: STRING,
      fieldSelector: structType('kubernetes.FieldSelectorAttributes'),
      labelSelector: structType('kubernetes.LabelSelectorAttributes'),
    }),
  ],
  ['kubernetes.NonResourceAttributes', struct({ path: STRING, verb: STRING })],
  [
    'kubernetes.FieldSelectorAttributes',
    struct({ rawSelector: STRING, requirements: listOf(structType('kubernetes.SelectorRequirement')) }),
  ],
  [
    'kubernetes.LabelSelectorAttributes',
    struct({ rawSelector: STRING, requirements: listOf(structType('kubernetes.SelectorRequirement')) }),
  ],
  ['kubernetes.SelectorRequirement', struct(REQUIREMENTS)],
]);
const PROVIDER: TypeProvider = {
  hasStruct: (name) => STRUCTS.has(name),
  fieldType: (name, field) => STRUCTS.get(name)?.get(field),
};
const ENVIRONMENT = kubernetesEnvironment({
  variables: new Map([['request', structType('kubernetes.SubjectAccessReviewSpec')]]),
  provider: PROVIDER,
});

/** Compiles a condition over `request`, a SubjectAccessReviewSpec of v1; or the reason why it cannot be one. */
export function matchCondition(text: string): Program | string {
  const program = compile(text, ENVIRONMENT);
  if (!(program instanceof Program)) return program.message;
  return program.type.kind === BOOL.kind ? program : 'must evaluate to bool';
}

/**
 * Whether all conditions hold: one that does not decides, whatever went wrong in others; else an Error tells what did
 * (apiserver's CELMatcher). Like there, members that are empty are there, and selectors only where there are any.
 */
export function matches(conditions: readonly Program[], a: Attributes): boolean | Error {
  if (conditions.length === 0) return true;
  const request = fromJson(requestOf(a));
  const problems: string[] = [];
  let left = BUDGET;
  for (const condition of conditions) {
    const { value, cost } = condition.evaluateSync((name) => (name === 'request' ? request : undefined));
    left -= cost;
    if (value === false) return false;
    if (left < 0) return new Error('validation failed due to running out of cost budget');
    if (value instanceof CelError) {
      problems.push(`cel evaluation error: expression '${condition.text}' resulted in error: ${value.message}`);
    }
  }
  if (problems.length === 0) return true;
  return new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
}

function requestOf(a: Attributes): JsonObject {
  const { username, uid, groups, extra } = a.user;
  const { namespace, verb, group, version, resource, subresource, name } = a;
  return {
    user: username,
    uid,
    groups: [...groups],
    extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
    ...(a.isResourceRequest
      ? {
          resourceAttributes: {
            namespace,
            verb,
            group,
            version,
            resource,
            subresource,
            name,
            ...selectorAttributes(a),
          },
        }
      : { nonResourceAttributes: { path: a.path, verb } }),
  };
}
