import { child, defaultNumber, defaultTo, ensureChild } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/flowcontrol/v1/defaults.go.

const flowSchemas: Strategy = {
  defaults(schema) {
    defaultNumber(ensureChild(schema, 'spec'), 'matchingPrecedence', 1000);
  },
  prepareForCreate(_ctx, schema) {
    schema['status'] = {};
  },
};

const priorityLevelConfigurations: Strategy = {
  defaults(level) {
    const spec = child(level, 'spec');
    const exempt = child(spec, 'exempt');
    if (exempt !== undefined) {
      defaultTo(exempt, 'nominalConcurrencyShares', 0);
      defaultTo(exempt, 'lendablePercent', 0);
    }
    const limited = child(spec, 'limited');
    if (limited === undefined) return;
    defaultTo(limited, 'nominalConcurrencyShares', 30);
    defaultTo(limited, 'lendablePercent', 0);
    const queuing = child(child(limited, 'limitResponse'), 'queuing');
    if (queuing === undefined) return;
    defaultNumber(queuing, 'queues', 64);
    defaultNumber(queuing, 'handSize', 8);
    defaultNumber(queuing, 'queueLengthLimit', 50);
  },
  prepareForCreate(_ctx, level) {
    level['status'] = {};
  },
};

/** Resources of the flowcontrol.apiserver.k8s.io group by their plural name. */
export const flowcontrol: Readonly<Record<string, Strategy>> = {
  flowschemas: flowSchemas,
  prioritylevelconfigurations: priorityLevelConfigurations,
};
