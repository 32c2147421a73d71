import type { Decision } from '../../auth/types.js';
import {
  authorizerValue,
  type CheckAttributes,
  type CheckDecision,
  Checks,
  fromJson,
  resourceCheckValue,
  type Value,
} from '../../cel/index.js';
import { Breath } from '../../machinery/breathe.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import type { GroupVersionKind } from '../../schema/types.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import type { RequestedResource } from '../matching/rules.js';

/** Fields of a Namespace's metadata that expressions see. */
const NAMESPACE_METADATA = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'uid',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'resourceVersion',
  'finalizers',
];

/** Asks an authorizer for the user of the request, or for a service account in its stead. */
export function checksOf(ctx: AdmissionContext, a: AdmissionAttributes): Checks {
  const told = ({ decision, reason, error }: Decision): CheckDecision => ({
    allowed: decision === 'allow',
    reason,
    ...(error === undefined || decision === 'allow' ? {} : { error }),
  });
  const failed = (e: unknown): CheckDecision => ({
    allowed: false,
    reason: '',
    error: e instanceof Error ? e.message : String(e),
  });
  return new Checks((check: CheckAttributes) => {
    const { serviceAccount: account } = check;
    const user =
      account === undefined
        ? a.user
        : {
            username: `system:serviceaccount:${account.namespace}:${account.name}`,
            uid: '',
            groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`],
            extra: {},
          };
    try {
      const decision = ctx.authorizer.authorize({
        user,
        verb: check.verb,
        isResourceRequest: check.path === undefined,
        group: check.group ?? '',
        version: check.path === undefined ? '*' : '',
        resource: check.resource ?? '',
        subresource: check.subresource ?? '',
        namespace: check.namespace ?? '',
        name: check.name ?? '',
        path: check.path ?? '',
        ...(check.fieldSelector === undefined ? {} : { fieldSelector: check.fieldSelector }),
        ...(check.labelSelector === undefined ? {} : { labelSelector: check.labelSelector }),
      });
      return decision instanceof Promise ? decision.then(told, failed) : told(decision);
    } catch (e) {
      return failed(e);
    }
  });
}

/** An AdmissionRequest as expressions see it: `object` and `oldObject` are variables of their own. */
export function requestJson(a: AdmissionAttributes, resource: RequestedResource, kind: GroupVersionKind): JsonObject {
  const { user, def, subresource, namespace, name } = a;
  const userInfo: JsonObject = {};
  if (user.username !== '') userInfo['username'] = user.username;
  if (user.uid !== '') userInfo['uid'] = user.uid;
  if (user.groups.length > 0) userInfo['groups'] = [...user.groups];
  const extra = Object.entries(user.extra);
  if (extra.length > 0) userInfo['extra'] = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]));
  const gvr = (r: RequestedResource): JsonObject => ({ group: r.group, version: r.version, resource: r.resource });
  const gvk = (k: GroupVersionKind): JsonObject => ({ group: k.group, version: k.version, kind: k.kind });
  return {
    kind: gvk(kind),
    resource: gvr(resource),
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: gvk(a.kind),
    requestResource: gvr(def),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation: a.operation,
    userInfo,
    dryRun: a.dryRun,
    options: a.options ?? null,
  };
}

const breaths = new WeakMap<AdmissionContext, Breath>();

function breathOf(ctx: AdmissionContext): Breath {
  let breath = breaths.get(ctx);
  if (breath === undefined) breaths.set(ctx, (breath = new Breath()));
  return breath;
}

/** What expressions see of one request in one version. Each is made when an expression first asks for it. */
export class RequestValues {
  /** One for all policies and webhooks that look at the request. */
  readonly breath: Breath;
  private request: Value | undefined;
  private namespace: Value | undefined;
  private authorizer: Value | undefined;
  private requestResource: Value | undefined;
  readonly object: Value;
  readonly oldObject: Value;

  constructor(
    private readonly ctx: AdmissionContext,
    private readonly a: AdmissionAttributes,
    private readonly resource: RequestedResource,
    private readonly kind: GroupVersionKind,
    object: JsonObject | undefined,
    oldObject: JsonObject | undefined,
    private readonly checks: Checks,
  ) {
    this.breath = breathOf(ctx);
    this.object = fromJson(object);
    this.oldObject = fromJson(oldObject);
  }

  get requestValue(): Value {
    this.request ??= fromJson(requestJson(this.a, this.resource, this.kind));
    return this.request;
  }
  get authorizerValue(): Value {
    this.authorizer ??= authorizerValue(this.checks);
    return this.authorizer;
  }
  get requestResourceValue(): Value {
    const { def, subresource, namespace, name } = this.a;
    this.requestResource ??= resourceCheckValue(this.checks, {
      group: def.group,
      resource: def.resource,
      subresource,
      namespace,
      name,
    });
    return this.requestResource;
  }
  /** The Namespace of the request; null for what is in none, and for a Namespace itself. */
  get namespaceValue(): Value {
    if (this.namespace === undefined) {
      const stored = this.ctx.namespaceObject();
      const metadata = stored?.['metadata'];
      this.namespace = !isObject(metadata)
        ? null
        : fromJson({
            metadata: Object.fromEntries(
              NAMESPACE_METADATA.flatMap((f) => (metadata[f] === undefined ? [] : [[f, metadata[f]]])),
            ),
            spec: stored?.['spec'] ?? {},
            status: stored?.['status'] ?? {},
          });
    }
    return this.namespace;
  }
}
