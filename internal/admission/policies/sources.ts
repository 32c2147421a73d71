import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Informer, InformedObjects } from '../../store/informer.js';
import { resourcePrefix } from '../../store/keys.js';
import type { ResourceDef } from '../../schema/types.js';
import { type MatchResources, matchResourcesOf, mayMatch } from '../matching/match-resources.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { type ParamKind, paramKindOf, type ParamRef, paramRefOf } from './params.js';

const GROUP = 'admissionregistration.k8s.io';

/** A binding, read once. */
export interface Binding {
  readonly name: string;
  readonly policyName: string;
  readonly match: MatchResources | undefined;
  readonly paramRef: ParamRef | undefined;
  readonly actions: readonly string[];
}

/** A policy, read once; `compiled` is made at the first request that it is about. */
export interface Policy<C> {
  readonly name: string;
  readonly match: MatchResources;
  readonly paramKind: ParamKind | undefined;
  readonly ignoreErrors: boolean;
  readonly spec: JsonObject;
  readonly compiled: () => C;
}

/** A policy with its bindings: one without is not asked. */
export interface Hook<C> {
  readonly policy: Policy<C>;
  readonly bindings: readonly Binding[];
}

function bindingOf(object: JsonObject): Binding {
  const spec = child(object, 'spec');
  const actions = spec?.['validationActions'];
  return {
    name: str(child(object, 'metadata'), 'name'),
    policyName: str(spec, 'policyName'),
    match: matchResourcesOf(child(spec, 'matchResources')),
    paramRef: paramRefOf(child(spec, 'paramRef')),
    actions: Array.isArray(actions) ? actions.filter((a) => typeof a === 'string') : [],
  };
}

function policyOf<C>(object: JsonObject, compile: (spec: JsonObject) => C): Policy<C> | undefined {
  const spec = child(object, 'spec');
  const match = matchResourcesOf(child(spec, 'matchConstraints'));
  if (spec === undefined || match === undefined) return undefined;
  let compiled: C | undefined;
  return {
    name: str(child(object, 'metadata'), 'name'),
    match,
    paramKind: paramKindOf(child(spec, 'paramKind')),
    ignoreErrors: str(spec, 'failurePolicy') === 'Ignore',
    spec,
    compiled: () => (compiled ??= compile(spec)),
  };
}

/**
 * The policies of one kind with their bindings, as new as what this replica has applied. Which of them may be about a
 * resource is worked out once for each resource, subresource and operation, so that a request that none is about costs
 * one look into a table.
 */
export class PolicySource<C> {
  private readonly policies: InformedObjects<Policy<C>>;
  private readonly bindings: InformedObjects<Binding>;
  private hooks: readonly Hook<C>[] | undefined;
  private candidates = new WeakMap<ResourceDef, Map<string, readonly Hook<C>[]>>();

  /** `kind` is the beginning of both resources: `validatingadmissionpolic`. */
  constructor(informer: Informer, kind: string, compile: (spec: JsonObject) => C) {
    this.policies = informer.objects(resourcePrefix(GROUP, `${kind}ies`), (object) => policyOf(object, compile));
    this.bindings = informer.objects(resourcePrefix(GROUP, `${kind}ybindings`), bindingOf);
    const forget = (): void => {
      this.hooks = undefined;
      this.candidates = new WeakMap();
    };
    this.policies.onChange(forget);
    this.bindings.onChange(forget);
  }

  /** Policies with a rule for the request's resource and operation, by name. Namespace, name and labels are not looked at. */
  candidatesFor(ctx: AdmissionContext, a: AdmissionAttributes): readonly Hook<C>[] {
    const hooks = this.all();
    if (hooks.length === 0) return hooks;
    let known = this.candidates.get(a.def);
    if (known === undefined) this.candidates.set(a.def, (known = new Map<string, readonly Hook<C>[]>()));
    const key = `${a.operation} ${a.subresource}`;
    let found = known.get(key);
    if (found === undefined) {
      const equivalents = ctx.resources.equivalents(a.def);
      found = hooks.filter(({ policy }) => mayMatch(policy.match, a.operation, a.def, a.subresource, equivalents));
      known.set(key, found);
    }
    return found;
  }

  private all(): readonly Hook<C>[] {
    const policies = this.policies.all();
    const bindings = this.bindings.all();
    if (this.hooks !== undefined) return this.hooks;
    const bound = new Map<string, Binding[]>();
    for (const binding of bindings.values()) {
      const others = bound.get(binding.policyName);
      if (others === undefined) bound.set(binding.policyName, [binding]);
      else others.push(binding);
    }
    const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
    this.hooks = [...policies.values()].sort(byName).flatMap((policy) => {
      const of = bound.get(policy.name);
      return of === undefined ? [] : [{ policy, bindings: of.sort(byName) }];
    });
    return this.hooks;
  }
}

const EXEMPT: ReadonlySet<string> = new Set([
  `${GROUP}/validatingadmissionpolicies`,
  `${GROUP}/validatingadmissionpolicybindings`,
  `${GROUP}/mutatingadmissionpolicies`,
  `${GROUP}/mutatingadmissionpolicybindings`,
  'authentication.k8s.io/selfsubjectreviews',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/subjectaccessreviews',
]);

/** Policies say nothing about policies, nor about reviews of who somebody is and what he may do. */
export const isExempt = (def: ResourceDef): boolean => EXEMPT.has(`${def.group}/${def.resource}`);

/** The one source of each informer, made when it is first asked for. */
export function sourcePerInformer<C>(
  prefix: ConstructorParameters<typeof PolicySource<C>>[1],
  compile: ConstructorParameters<typeof PolicySource<C>>[2],
): (informer: Informer) => PolicySource<C> {
  const sources = new WeakMap<Informer, PolicySource<C>>();
  return (informer) => {
    let source = sources.get(informer);
    if (source === undefined) {
      source = new PolicySource(informer, prefix, compile);
      sources.set(informer, source);
    }
    return source;
  };
}
