import { storeReader } from '../../internal/admission/lookup.js';
import {
  clusterIpResolver,
  endpointResolver,
  loopbackResolver,
  type ServiceResolver,
} from '../../internal/callout/index.js';
import type { Backend } from '../../internal/store/types.js';
import type { FlagValues } from './flags.js';

/** How services that webhooks and aggregated APIs name are found; this server itself stands behind default/kubernetes. */
export function serviceResolver(flags: FlagValues, backend: Backend, port: number): ServiceResolver {
  const objects = storeReader(backend);
  const others = flags.bool('enable-aggregator-routing') ? endpointResolver(objects) : clusterIpResolver(objects);
  return loopbackResolver(others, { host: '127.0.0.1', port });
}
