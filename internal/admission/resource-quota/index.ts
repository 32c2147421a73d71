import { internalError, StatusError } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, PluginParts } from '../types.js';
import { type Charge, checkRequest } from './check.js';
import { type LimitedResource, limitedResources } from './config.js';
import { evaluatorOf } from './evaluators/index.js';
import { chargeWithWrite } from './usage.js';

/** Quotas of one namespace that a write can be charged to: what fits into one transaction beside the object. */
const QUOTAS_MAX = 100;

function charges(ctx: AdmissionContext, a: AdmissionAttributes, limited: readonly LimitedResource[]): Charge[] {
  const { object } = a;
  if (a.namespace === '' || object === undefined) return [];
  const evaluator = evaluatorOf(a.def.group, a.def.resource);
  if (evaluator === undefined || !evaluator.handles(a)) return [];
  if (a.operation === 'CREATE' && a.def.group === '' && a.def.resource === 'namespaces') return [];
  const quotas = ctx.reader.list('', 'resourcequotas', a.namespace);
  if (quotas.length === 0 && limited.length === 0) return [];
  return checkRequest(a, object, evaluator, quotas, limited, ctx.reader);
}

function write(ctx: AdmissionContext, a: AdmissionAttributes, charged: readonly Charge[]): void {
  if (charged.length > QUOTAS_MAX)
    throw internalError(`more than ${QUOTAS_MAX} quotas of ${a.namespace} count this object`);
  if (a.dryRun) return;
  for (const charge of charged) chargeWithWrite(ctx, a.namespace, charge);
}

/**
 * Holds the objects of a namespace to its quotas (plugin ResourceQuota). What an object uses is written to the quotas in
 * the object's own transaction, so that writes on several replicas together never pass a bound, and a write that fails
 * uses nothing. Nothing is given back here: deletes and decreases are found by the quota controller. A refusal is
 * believed only after this replica has applied all that was committed. Its configuration says what
 * needs a quota at all.
 */
export function resourceQuota({ configuration }: PluginParts): AdmissionPlugin {
  const limited = limitedResources(configuration);
  return {
    name: 'ResourceQuota',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(ctx, a) {
      try {
        write(ctx, a, charges(ctx, a, limited));
        return undefined;
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return ctx.reader.catchUp().then(() => {
          write(ctx, a, charges(ctx, a, limited));
        });
      }
    },
  };
}
