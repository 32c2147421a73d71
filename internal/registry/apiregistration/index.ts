import { child, defaultTo } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { validating } from '../generic/field-node.js';
import type { GroupStrategies, Strategy, WriteContext } from '../types.js';
import { checkApiService, checkApiServiceStatus } from './validation.js';

/** An API service that this server serves itself is available from the start (kube-aggregator's apiserver strategy). */
function statusOf(ctx: WriteContext, apiService: JsonObject): JsonObject {
  if (child(child(apiService, 'spec'), 'service') !== undefined) return {};
  return {
    conditions: [
      {
        type: 'Available',
        status: 'True',
        lastTransitionTime: ctx.now,
        reason: 'Local',
        message: 'Local APIServices are always available',
      },
    ],
  };
}

const apiServices: Strategy = {
  defaults(apiService) {
    const reference = child(child(apiService, 'spec'), 'service');
    if (reference !== undefined) defaultTo(reference, 'port', 443);
  },
  prepareForCreate(ctx, apiService) {
    apiService['status'] = statusOf(ctx, apiService);
  },
  validate: (apiService) => validating(apiService, checkApiService),
  validateUpdate: (apiService) => validating(apiService, checkApiService),
  validateStatusUpdate: (apiService) => validating(apiService, checkApiServiceStatus),
};

/** Resources of the apiregistration.k8s.io group by their plural name. */
export const apiregistration: GroupStrategies = { apiservices: apiServices };
