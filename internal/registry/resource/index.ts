import { child, children, defaultNumber, defaultString, defaultTo, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/resource/v1/defaults.go.

function defaultRequest(request: JsonObject): void {
  defaultString(request, 'allocationMode', 'ExactCount');
  if (request['allocationMode'] === 'ExactCount') defaultNumber(request, 'count', 1);
  defaultTolerations(request);
}

function defaultTolerations(holder: JsonObject): void {
  for (const toleration of children(holder, 'tolerations')) defaultString(toleration, 'operator', 'Equal');
}

/** The requests of a ResourceClaimSpec. */
function defaultClaimSpec(spec: JsonObject | undefined): void {
  for (const request of children(child(spec, 'devices'), 'requests')) {
    const exactly = child(request, 'exactly');
    if (exactly !== undefined) defaultRequest(exactly);
    for (const alternative of children(request, 'firstAvailable')) defaultRequest(alternative);
  }
}

const resourceClaims: Strategy = {
  defaults: (claim) => defaultClaimSpec(child(claim, 'spec')),
  prepareForCreate(_ctx, claim) {
    claim['status'] = {};
  },
};

const resourceClaimTemplates: Strategy = {
  defaults: (template) => defaultClaimSpec(child(child(template, 'spec'), 'spec')),
};

const deviceClasses: Strategy = {};

const resourceSlices: Strategy = {
  defaults(slice) {
    for (const device of children(child(slice, 'spec'), 'devices')) {
      for (const taint of children(device, 'taints'))
        defaultTo(taint, 'timeAdded', new Date().toISOString().replace(/\.\d+Z$/, 'Z'));
    }
  },
  fieldNames: ['spec.nodeName', 'spec.driver'],
  fields(slice) {
    const spec = child(slice, 'spec');
    return { 'spec.nodeName': str(spec, 'nodeName'), 'spec.driver': str(spec, 'driver') };
  },
};

/** Resources of the resource.k8s.io group by their plural name. */
export const resource: Readonly<Record<string, Strategy>> = {
  deviceclasses: deviceClasses,
  resourceclaims: resourceClaims,
  resourceclaimtemplates: resourceClaimTemplates,
  resourceslices: resourceSlices,
};
