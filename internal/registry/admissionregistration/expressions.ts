import { compileExpression, isOneOf } from '../../extensions/cel/compile.js';
import {
  BOOL,
  type CelType,
  DYN,
  INT,
  listOf,
  mapOf,
  objectOf,
  STRING,
  TIMESTAMP,
  UNKNOWN,
} from '../../extensions/cel/types.js';
import type { FieldNode } from '../generic/field-node.js';

const GROUP_VERSION_KIND = objectOf('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const GROUP_VERSION_RESOURCE = objectOf('kubernetes.GroupVersionResource', {
  group: STRING,
  version: STRING,
  resource: STRING,
});
const STRINGS = mapOf(STRING, STRING);

/** What an admission request says of itself (k8s.io/apiserver/pkg/admission/plugin/cel). */
const REQUEST = objectOf('kubernetes.AdmissionRequest', {
  kind: GROUP_VERSION_KIND,
  resource: GROUP_VERSION_RESOURCE,
  subResource: STRING,
  requestKind: GROUP_VERSION_KIND,
  requestResource: GROUP_VERSION_RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: objectOf('kubernetes.UserInfo', {
    username: STRING,
    uid: STRING,
    groups: listOf(STRING),
    extra: mapOf(STRING, listOf(STRING)),
  }),
  dryRun: BOOL,
  options: DYN,
});

const NAMESPACE = objectOf('kubernetes.Namespace', {
  metadata: objectOf('kubernetes.NamespaceMetadata', {
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
  }),
  spec: objectOf('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: objectOf('kubernetes.NamespaceStatus', { phase: STRING }),
});

const isPatchStruct = (name: string): boolean =>
  name === 'Object' || name.startsWith('Object.') || name === 'JSONPatch';

/** What expressions of a webhook or policy see, and the variables that the policy has declared so far. */
export class AdmissionExpressions {
  private readonly variables: Map<string, CelType>;
  private readonly declared = new Map<string, CelType>();

  /** `inPolicy`: there may be parameters, and the namespace is at hand. */
  constructor(inPolicy: boolean, hasParams: boolean) {
    this.variables = new Map<string, CelType>([
      ['object', DYN],
      ['oldObject', DYN],
      ['request', REQUEST],
      ['authorizer', UNKNOWN],
      ['authorizer.requestResource', UNKNOWN],
    ]);
    if (inPolicy) this.variables.set('namespaceObject', NAMESPACE);
    if (hasParams) this.variables.set('params', DYN);
  }

  /** Makes `variables` known to what follows; each is added as it is declared. */
  withVariables(): void {
    this.variables.set('variables', { kind: 'object', name: 'kubernetes.variables', fields: this.declared });
  }

  private compile(owner: FieldNode, key: string): CelType | undefined {
    const { type, problem } = compileExpression(owner.text(key), {
      variables: this.variables,
      isStruct: isPatchStruct,
    });
    if (problem === undefined) return type;
    owner.invalid(key, problem);
    return undefined;
  }

  /** Checks the expression at a member, which must come to one of the types; `null_type` is CEL's null. */
  check(owner: FieldNode, key: string, ...results: readonly string[]): void {
    const type = this.compile(owner, key);
    if (type === undefined || results.length === 0) return;
    if (isOneOf(type, ...results.map((r) => (r === 'null_type' ? 'null' : r)))) return;
    const one = results.length === 1 ? results[0] : `one of [${results.join(' ')}]`;
    owner.invalid(key, `must evaluate to ${one ?? ''}`);
  }

  /** Checks the expression of a variable and, when nothing is wrong with it, declares the variable. */
  declare(variable: FieldNode): void {
    const type = this.compile(variable, 'expression');
    const name = variable.text('name');
    if (type !== undefined && name !== '') this.declared.set(name, type);
  }
}
