import { dns1123Label } from '../../machinery/names.js';
import { objectName } from '../../machinery/names.js';
import { type FunctionDecl, member } from '../check/environment.js';
import { BOOL, type CelType, STRING, structType } from '../check/types.js';
import { CelError, NO_OVERLOAD, Opaque, type Value } from '../values/value.js';

/* Kubernetes' library of authorization checks: `authorizer.group('').resource('pods').check('get').allowed()`. */

/** What an expression asks whether it may be done. */
export interface CheckAttributes {
  /** A service account that asks, instead of the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** Set for a check of a path, which has none of what follows. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface CheckDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Set when the authorizer failed. */
  readonly error?: string;
}

/** Decides, at once or later. */
export type Check = (attributes: CheckAttributes) => CheckDecision | Promise<CheckDecision>;

/** An evaluation cannot go on before a decision has been made; it is started again then. */
export class Suspended extends Error {
  constructor(readonly until: Promise<void>) {
    super('evaluation waits for an authorizer');
  }
}

/** Asks an authorizer once for each check; decisions that take time are waited for outside of the evaluation. */
export class Checks {
  private readonly decided = new Map<string, CheckDecision>();
  constructor(private readonly check: Check) {}

  /** Throws Suspended when the decision is not there yet. */
  decide(attributes: CheckAttributes): CheckDecision {
    const key = JSON.stringify(attributes);
    const known = this.decided.get(key);
    if (known !== undefined) return known;
    const decision = this.check(attributes);
    if (decision instanceof Promise) throw new Suspended(decision.then((d) => void this.decided.set(key, d)));
    this.decided.set(key, decision);
    return decision;
  }
}

const PREFIX = 'kubernetes.authorization.';
export const AUTHORIZER_TYPE: CelType = structType(`${PREFIX}Authorizer`);
export const PATH_CHECK_TYPE: CelType = structType(`${PREFIX}PathCheck`);
export const GROUP_CHECK_TYPE: CelType = structType(`${PREFIX}GroupCheck`);
export const RESOURCE_CHECK_TYPE: CelType = structType(`${PREFIX}ResourceCheck`);
export const DECISION_TYPE: CelType = structType(`${PREFIX}Decision`);

/** The authorizer, and the steps of a check: each is what the one before said, and a little more. */
class CheckValue extends Opaque {
  constructor(
    readonly typeName: string,
    readonly checks: Checks,
    readonly attributes: Partial<CheckAttributes>,
  ) {
    super();
  }
  override equals(other: Value): boolean | CelError {
    return other === this ? true : NO_OVERLOAD;
  }
  with(type: CelType, more: Partial<CheckAttributes>): CheckValue {
    return new CheckValue(type.name, this.checks, { ...this.attributes, ...more });
  }
}

class DecisionValue extends Opaque {
  readonly typeName = DECISION_TYPE.name;
  constructor(readonly decision: CheckDecision) {
    super();
  }
  override equals(other: Value): boolean | CelError {
    return other === this ? true : NO_OVERLOAD;
  }
}

/** The value of the variable `authorizer`. One for each evaluation or for several that ask for the same user. */
export const authorizerValue = (checks: Checks): Value => new CheckValue(AUTHORIZER_TYPE.name, checks, {});

/** The value of `authorizer.requestResource`. */
export const resourceCheckValue = (checks: Checks, resource: Partial<CheckAttributes>): Value =>
  new CheckValue(RESOURCE_CHECK_TYPE.name, checks, resource);

const step = (
  name: string,
  id: string,
  from: CelType,
  to: CelType,
  more: (text: string, on: CheckValue) => Partial<CheckAttributes> | CelError,
): FunctionDecl => ({
  name,
  overloads: [
    member(id, [from, STRING], to, (on, text) => {
      const attributes = more(text as string, on as CheckValue);
      return attributes instanceof CelError ? attributes : (on as CheckValue).with(to, attributes);
    }),
  ],
});

const R = RESOURCE_CHECK_TYPE;

function check(on?: Value, verb?: Value): Value {
  const { checks, attributes } = on as CheckValue;
  return new DecisionValue(checks.decide({ ...attributes, verb: verb as string }));
}

const decision = (name: string, type: CelType, read: (d: CheckDecision) => Value): FunctionDecl => ({
  name,
  overloads: [member(`decision_${name}`, [DECISION_TYPE], type, (d) => read((d as DecisionValue).decision))],
});

const filled = (text: string, what: string): CelError | undefined =>
  text.trim() === '' ? new CelError(`${what} must not be empty`) : undefined;

export const AUTHORIZER_FUNCTIONS: readonly FunctionDecl[] = [
  step('path', 'authorizer_path', AUTHORIZER_TYPE, PATH_CHECK_TYPE, (path) => filled(path, 'path') ?? { path }),
  step('group', 'authorizer_group', AUTHORIZER_TYPE, GROUP_CHECK_TYPE, (group) => ({ group })),
  {
    name: 'serviceAccount',
    overloads: [
      member('authorizer_serviceaccount', [AUTHORIZER_TYPE, STRING, STRING], AUTHORIZER_TYPE, (on, namespace, name) => {
        if (objectName('dns1123Subdomain', name as string, false).length > 0)
          return new CelError('Invalid service account name');
        if (dns1123Label(namespace as string).length > 0) return new CelError('Invalid service account namespace');
        const serviceAccount = { namespace: namespace as string, name: name as string };
        return (on as CheckValue).with(AUTHORIZER_TYPE, { serviceAccount });
      }),
    ],
  },
  step(
    'resource',
    'groupcheck_resource',
    GROUP_CHECK_TYPE,
    R,
    (resource) => filled(resource, 'resource') ?? { resource },
  ),
  step('subresource', 'resourcecheck_subresource', R, R, (subresource) => ({ subresource })),
  step('namespace', 'resourcecheck_namespace', R, R, (namespace) => ({ namespace })),
  step('name', 'resourcecheck_name', R, R, (name) => ({ name })),
  step('fieldSelector', 'authorizer_fieldselector', R, R, (fieldSelector) => ({ fieldSelector })),
  step('labelSelector', 'authorizer_labelselector', R, R, (labelSelector) => ({ labelSelector })),
  {
    name: 'check',
    overloads: [
      member('pathcheck_check', [PATH_CHECK_TYPE, STRING], DECISION_TYPE, check),
      member('resourcecheck_check', [R, STRING], DECISION_TYPE, check),
    ],
  },
  decision('errored', BOOL, (d) => d.error !== undefined),
  decision('error', STRING, (d) => d.error ?? ''),
  decision('allowed', BOOL, (d) => d.allowed),
  decision('reason', STRING, (d) => d.reason),
];
