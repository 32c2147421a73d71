import { CallError, Callout } from '../../callout/index.js';
import type { AdmissionPlugin, PluginParts } from '../types.js';
import { WebhookConfigurations } from './configurations.js';
import { WebhookMetrics } from './metrics.js';
import { mutatingWebhooks } from './mutating.js';
import { validatingWebhooks } from './validating.js';

/** Where nobody said how services are found; URLs can be called all the same. */
function unresolved(namespace: string, name: string): never {
  throw new CallError('dial', `service ${JSON.stringify(`${namespace}/${name}`)} cannot be resolved here`);
}
const defaultCalls = (): NonNullable<PluginParts['calls']> => ({ callout: new Callout(), resolve: unresolved });

/** The plugin MutatingAdmissionWebhook of one server. */
export function mutatingAdmissionWebhook({ calls = defaultCalls(), registry }: PluginParts): AdmissionPlugin {
  return mutatingWebhooks(new WebhookConfigurations('mutatingwebhookconfigurations', calls.resolve), {
    callout: calls.callout,
    metrics: new WebhookMetrics('admit', registry),
    mutating: true,
  });
}

/** The plugin ValidatingAdmissionWebhook of one server. */
export function validatingAdmissionWebhook({ calls = defaultCalls(), registry }: PluginParts): AdmissionPlugin {
  return validatingWebhooks(new WebhookConfigurations('validatingwebhookconfigurations', calls.resolve), {
    callout: calls.callout,
    metrics: new WebhookMetrics('validating', registry),
    mutating: false,
  });
}
