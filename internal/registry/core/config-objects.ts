import { child, ensureChild, str } from '../../machinery/access.js';
import { isObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

export const configMaps: Strategy = {};

/** SetDefaults_Secret; `stringData` is folded into `data` (pkg/apis/core/v1/conversion.go). */
export const secrets: Strategy = {
  defaults(secret) {
    if (str(secret, 'type') === '') secret['type'] = 'Opaque';
    const plain = secret['stringData'];
    if (!isObject(plain)) return;
    delete secret['stringData'];
    if (Object.keys(plain).length === 0) return;
    const data = ensureChild(secret, 'data');
    for (const [k, v] of Object.entries(plain))
      if (typeof v === 'string') data[k] = Buffer.from(v, 'utf8').toString('base64');
  },
  fieldNames: ['type'],
  fields: (secret) => ({ type: str(secret, 'type') }),
};

export const serviceAccounts: Strategy = {};

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
  fieldNames: ['status.phase', 'name'],
  fields: (ns) => ({ 'status.phase': str(child(ns, 'status'), 'phase'), name: str(child(ns, 'metadata'), 'name') }),
};
