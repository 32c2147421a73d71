import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

/** Who asked is set by the server, never by the client (pkg/registry/certificates/certificates/strategy.go). */
const certificateSigningRequests: Strategy = {
  defaults(csr) {
    const spec = ensureChild(csr, 'spec');
    if (spec['usages'] === undefined) spec['usages'] = ['digital signature', 'key encipherment'];
  },
  prepareForCreate(ctx, csr) {
    const spec = ensureChild(csr, 'spec');
    spec['username'] = ctx.user.username;
    if (ctx.user.uid === '') delete spec['uid'];
    else spec['uid'] = ctx.user.uid;
    spec['groups'] = [...ctx.user.groups];
    const extra: JsonObject = {};
    for (const [k, v] of Object.entries(ctx.user.extra)) extra[k] = [...v] satisfies JsonValue[];
    if (Object.keys(extra).length > 0) spec['extra'] = extra;
    else delete spec['extra'];
    csr['status'] = {};
  },
  prepareForUpdate(_ctx, csr, old) {
    csr['spec'] = old['spec'];
    csr['status'] = old['status'];
  },
  fieldNames: ['spec.signerName'],
  fields: (csr) => ({ 'spec.signerName': str(child(csr, 'spec'), 'signerName') }),
};

/** Resources of the certificates.k8s.io group by their plural name. */
export const certificates: Readonly<Record<string, Strategy>> = {
  certificatesigningrequests: certificateSigningRequests,
};
