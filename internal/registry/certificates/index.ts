import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { certificateSigningRequests as lifecycle } from '../lifecycle/certificate-signing-requests.js';
import type { Strategy, SubresourceStrategy } from '../types.js';
import { validateRequest, validateRequestUpdate } from './validation.js';

const { approval, status } = lifecycle.subresources ?? {};
const subresources: Record<string, SubresourceStrategy> = {};
if (approval !== undefined) subresources['approval'] = { ...approval, validate: validateRequestUpdate('approval') };
if (status !== undefined) subresources['status'] = { ...status, validate: validateRequestUpdate('status') };

/** Who asked is set by the server, never by the client (pkg/registry/certificates/certificates/strategy.go). */
const certificateSigningRequests: Strategy = {
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
  validate: validateRequest,
  validateUpdate: validateRequestUpdate(''),
  subresources,
  fieldNames: ['spec.signerName'],
  fields: (csr) => ({ 'spec.signerName': str(child(csr, 'spec'), 'signerName') }),
};

/** Resources of the certificates.k8s.io group by their plural name. */
export const certificates: Readonly<Record<string, Strategy>> = {
  certificatesigningrequests: certificateSigningRequests,
};
