import { admissionForbidden } from '../forbidden.js';
import { isInNamespace } from '../namespace-exists/index.js';
import type { AdmissionPlugin, PluginParts } from '../types.js';

/**
 * What is created in a namespace that is not there makes it (plugin NamespaceAutoProvision); a dry run does not. The
 * namespace stays whatever becomes of the request, as in kube-apiserver.
 */
export function namespaceAutoProvision({ createNamespace }: PluginParts): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    handles: (operation) => operation === 'CREATE',
    admit(ctx, a) {
      if (a.dryRun || createNamespace === undefined || !isInNamespace(a)) return undefined;
      if (ctx.namespaceObject() !== undefined) return undefined;
      return createNamespace(a.namespace).catch((error: unknown) => {
        throw admissionForbidden(a, error instanceof Error ? error.message : String(error));
      });
    },
  };
}
