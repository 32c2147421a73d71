import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { GroupStrategies, Strategy, WriteContext } from '../types.js';

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
  prepareForCreate(ctx, apiService) {
    apiService['status'] = statusOf(ctx, apiService);
  },
};

/** Resources of the apiregistration.k8s.io group by their plural name. */
export const apiregistration: GroupStrategies = { apiservices: apiServices };
