import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { convertSecret } from './conversion.js';

export const configMaps: Strategy = {};

/** SetDefaults_Secret; `stringData` is folded into `data`. */
export const secrets: Strategy = {
  defaults(secret) {
    if (str(secret, 'type') === '') secret['type'] = 'Opaque';
    convertSecret(secret);
  },
  fieldNames: ['type'],
  fields: (secret) => ({ type: str(secret, 'type') }),
};

/** Of references to secrets only the names are kept (cleanSecretReferences). */
function keepSecretNames(account: JsonObject): void {
  const secrets = children(account, 'secrets');
  if (secrets.length === 0) return;
  account['secrets'] = secrets.map((secret) => (str(secret, 'name') === '' ? {} : { name: str(secret, 'name') }));
}

export const serviceAccounts: Strategy = {
  prepareForCreate: (_ctx, account) => keepSecretNames(account),
  prepareForUpdate: (_ctx, account) => keepSecretNames(account),
};

/** Namespaces begin active, with the finalizer that their controller removes (namespaceStrategy, SetDefaults_Namespace). */
export const namespaces: Strategy = {
  defaults(ns) {
    const name = str(child(ns, 'metadata'), 'name');
    if (name !== '') ensureChild(ensureChild(ns, 'metadata'), 'labels')['kubernetes.io/metadata.name'] = name;
    const status = ensureChild(ns, 'status');
    if (str(status, 'phase') === '') status['phase'] = 'Active';
  },
  prepareForCreate(_ctx, ns) {
    const meta = child(ns, 'metadata');
    // A generated name is known only now.
    if (meta !== undefined && str(meta, 'name') !== '') {
      ensureChild(meta, 'labels')['kubernetes.io/metadata.name'] = str(meta, 'name');
    }
    ns['status'] = { phase: 'Active' };
    const spec = ensureChild(ns, 'spec');
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : [];
    if (!finalizers.includes('kubernetes')) spec['finalizers'] = [...finalizers, 'kubernetes'];
  },
  prepareForUpdate(_ctx, ns, old) {
    ns['spec'] = old['spec'];
    ns['status'] = old['status'];
  },
  fieldNames: ['status.phase'],
  fields: (ns) => ({ 'status.phase': str(child(ns, 'status'), 'phase') }),
};
