import { child, children, str } from '../../machinery/access.js';
import { aggregateText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { broken, brokenByClaim } from './constraints.js';
import { applyDefaults } from './defaults.js';
import { amountsOf, podAmounts } from './pod-resources.js';

/** What of a write limit ranges are about: new pods, their resizing, and claims. */
function concerned(a: AdmissionAttributes): 'pods' | 'persistentvolumeclaims' | undefined {
  const { group, resource } = a.def.storage;
  if (group !== '') return undefined;
  // What is being deleted may still lose its finalizers.
  if (a.operation === 'UPDATE' && child(a.object, 'metadata')?.['deletionTimestamp'] !== undefined) return undefined;
  if (resource === 'pods') {
    const looked = a.operation === 'CREATE' ? a.subresource === '' : a.subresource === 'resize';
    return looked ? 'pods' : undefined;
  }
  return resource === 'persistentvolumeclaims' && a.subresource === '' ? 'persistentvolumeclaims' : undefined;
}

function limitsOf(limitRange: JsonObject, type: string): JsonObject[] {
  return children(child(limitRange, 'spec'), 'limits').filter((limit) => str(limit, 'type') === type);
}

const resourcesOf = (owner: JsonObject | undefined) => ({
  requests: amountsOf(child(child(owner, 'resources'), 'requests')),
  limits: amountsOf(child(child(owner, 'resources'), 'limits')),
});

function podProblems(limitRange: JsonObject, pod: JsonObject): string[] {
  const spec = child(pod, 'spec') ?? {};
  const containers = [...children(spec, 'containers'), ...children(spec, 'initContainers')].map(resourcesOf);
  return [
    ...limitsOf(limitRange, 'Container').flatMap((limit) => containers.flatMap((c) => broken(limit, 'Container', c))),
    ...limitsOf(limitRange, 'Pod').flatMap((limit) =>
      broken(limit, 'Pod', { requests: podAmounts(spec, 'requests'), limits: podAmounts(spec, 'limits') }),
    ),
  ];
}

function claimProblems(limitRange: JsonObject, claim: JsonObject): string[] {
  const type = 'PersistentVolumeClaim';
  const observed = resourcesOf(child(claim, 'spec'));
  return limitsOf(limitRange, type).flatMap((limit) => brokenByClaim(limit, type, observed));
}

const limitRanges = (ctx: AdmissionContext, a: AdmissionAttributes): readonly JsonObject[] =>
  ctx.reader.list('', 'limitranges', a.namespace);

/** Gives containers the defaults of their namespace's limit ranges and holds pods and claims to the bounds (plugin LimitRanger). */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  admit(ctx, a) {
    if (a.object === undefined || concerned(a) !== 'pods') return;
    for (const limitRange of limitRanges(ctx, a)) applyDefaults(limitRange, a.object);
  },
  validate(ctx, a) {
    const what = concerned(a);
    if (a.object === undefined || what === undefined) return;
    for (const limitRange of limitRanges(ctx, a)) {
      const problems = what === 'pods' ? podProblems(limitRange, a.object) : claimProblems(limitRange, a.object);
      if (problems.length > 0) throw admissionForbidden(a, aggregateText(problems));
    }
  },
};
