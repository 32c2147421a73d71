import { child, children, defaultString, defaultTo, ensureChild, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { withGatedTemplate } from './gated-fields.js';
import { defaultPodTemplate } from './pod-template-defaults.js';

/** SetDefaults_ReplicationController: labels and selector come from the template. */
export const replicationControllers = withGatedTemplate({
  defaults(rc) {
    const spec = ensureChild(rc, 'spec');
    defaultPodTemplate(spec);
    const labels = child(child(child(spec, 'template'), 'metadata'), 'labels');
    if (labels !== undefined) {
      if (Object.keys(child(spec, 'selector') ?? {}).length === 0) spec['selector'] = { ...labels };
      const meta = ensureChild(rc, 'metadata');
      if (Object.keys(child(meta, 'labels') ?? {}).length === 0) meta['labels'] = { ...labels };
    }
    defaultTo(spec, 'replicas', 1);
  },
  prepareForCreate(_ctx, rc) {
    rc['status'] = { replicas: 0 };
  },
  fieldNames: ['status.replicas'],
  fields: (rc) => ({ 'status.replicas': String(num(child(rc, 'status'), 'replicas') ?? 0) }),
});

export const podTemplates = withGatedTemplate({ defaults: defaultPodTemplate }, (o) => o);

/** Requests default to limits per type (SetDefaults_LimitRangeItem). */
export const limitRanges: Strategy = {
  defaults(range) {
    for (const item of children(child(range, 'spec'), 'limits')) {
      if (str(item, 'type') !== 'Container') continue;
      const limits = ensureChild(item, 'default');
      const requests = ensureChild(item, 'defaultRequest');
      for (const [k, v] of Object.entries(child(item, 'max') ?? {})) if (v !== undefined) defaultTo(limits, k, v);
      for (const [k, v] of Object.entries(limits)) if (v !== undefined) defaultTo(requests, k, v);
      for (const [k, v] of Object.entries(child(item, 'min') ?? {})) if (v !== undefined) defaultTo(requests, k, v);
      dropEmpty(item, 'default');
      dropEmpty(item, 'defaultRequest');
    }
  },
};

function dropEmpty(o: JsonObject, key: string): void {
  if (Object.keys(child(o, key) ?? {}).length === 0) delete o[key];
}

export const resourceQuotas: Strategy = {
  prepareForCreate(_ctx, quota) {
    quota['status'] = {};
  },
};

export const endpoints: Strategy = {
  defaults(e) {
    for (const subset of children(e, 'subsets')) {
      for (const port of children(subset, 'ports')) defaultString(port, 'protocol', 'TCP');
    }
  },
};
