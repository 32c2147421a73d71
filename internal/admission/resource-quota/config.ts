import { children, str, strings } from '../../machinery/access.js';
import { FatalError } from '../../machinery/assert.js';
import { errorText, required } from '../../machinery/field.js';
import { checkFields, checkKind } from '../../schema/codec/configuration.js';
import type { PluginConfiguration } from '../config-file.js';
import { requirementsIn, type ScopeRequirement } from './scopes.js';

/** A resource that may be used only where a quota bounds it (LimitedResource of the plugin's configuration). */
export interface LimitedResource {
  readonly apiGroup: string;
  readonly resource: string;
  /** Parts of names of quota resources: what is used and has one of them in its name needs a quota. */
  readonly matchContains: readonly string[];
  /** Scopes: an object that is in one needs a quota with that scope. */
  readonly matchScopes: readonly ScopeRequirement[];
}

const V1 = 'apiserver.config.k8s.io/v1';
const BEFORE = ['resourcequota.admission.k8s.io/v1beta1', 'resourcequota.admission.k8s.io/v1alpha1'];

/** What the plugin's ResourceQuotaConfiguration limits. Throws FatalError for one that is wrong. */
export function limitedResources(configuration: PluginConfiguration | undefined): LimitedResource[] {
  if (configuration === undefined) return [];
  const { object, path } = configuration;
  if (object['kind'] === 'Configuration') checkKind(object, path, 'Configuration', BEFORE);
  else checkKind(object, path, 'ResourceQuotaConfiguration', [V1]);
  checkFields(object, path, '', ['apiVersion', 'kind', 'limitedResources']);
  return children(object, 'limitedResources').map((limited, i) => {
    const at = `limitedResources[${i}]`;
    checkFields(limited, path, `${at}.`, ['apiGroup', 'resource', 'matchContains', 'matchScopes']);
    const resource = str(limited, 'resource');
    if (resource === '') {
      throw new FatalError(`${path}: ${errorText(required(`${at}.resource`))}. Say which resource is limited.`);
    }
    return {
      apiGroup: str(limited, 'apiGroup'),
      resource,
      matchContains: strings(limited, 'matchContains'),
      matchScopes: requirementsIn(limited, 'matchScopes'),
    };
  });
}
