import { child, str } from '../../machinery/access.js';
import { DerError } from '../../machinery/der.js';
import { semanticEqual } from '../../machinery/equal.js';
import { parseSigningRequest, pemBlock } from '../../machinery/pkcs10.js';
import { quote } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

const GROUP = 'certificates.k8s.io';
const RESOURCE = 'certificatesigningrequests';
const MASTERS = 'system:masters';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

const isRequest = (a: AdmissionAttributes, subresource: string): boolean =>
  a.def.group === GROUP && a.def.resource === RESOURCE && a.subresource === subresource;

/** Whether the user may do this for the signer: it is named itself, or all of its domain. */
async function mayFor(ctx: AdmissionContext, a: AdmissionAttributes, verb: string, signer: string): Promise<boolean> {
  const domain = signer.slice(0, Math.max(0, signer.indexOf('/')));
  for (const name of [signer, `${domain}/*`]) {
    const { decision } = await ctx.authorizer.authorize({
      user: a.user,
      verb,
      isResourceRequest: true,
      group: GROUP,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    if (decision === 'allow') return true;
  }
  return false;
}

const signerOf = (a: AdmissionAttributes): string => str(child(a.oldObject ?? a.object, 'spec'), 'signerName');

/** Throws 403 when the user may not do this for the request's signer. */
async function check(ctx: AdmissionContext, a: AdmissionAttributes, verb: 'approve' | 'sign'): Promise<void> {
  const signer = signerOf(a);
  if (await mayFor(ctx, a, verb, signer)) return;
  throw admissionForbidden(a, `user not permitted to ${verb} requests with signerName ${quote(signer)}`);
}

/** Plugin CertificateApproval: who decides about a request needs the verb `approve` for its signer. */
export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  handles: (operation) => operation === 'UPDATE',
  validate: (ctx, a) => (isRequest(a, 'approval') ? check(ctx, a, 'approve') : undefined),
};

/** Plugin CertificateSigning: who brings a certificate, or says that there is none, needs the verb `sign` for its signer. */
export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  handles: (operation) => operation === 'UPDATE',
  validate(ctx, a) {
    if (!isRequest(a, 'status')) return undefined;
    const [now, before] = [child(a.object, 'status'), child(a.oldObject, 'status')];
    if (['certificate', 'conditions'].every((key) => semanticEqual(now?.[key], before?.[key]))) return undefined;
    return check(ctx, a, 'sign');
  },
};

/** The organizations that a request asks for; none when it cannot be read, which is a field error of validation. */
function organizations(request: string): readonly string[] {
  const der = pemBlock(Buffer.from(request, 'base64').toString('latin1'), 'CERTIFICATE REQUEST');
  if (der === undefined) return [];
  try {
    return parseSigningRequest(der).organizations;
  } catch (e) {
    if (!(e instanceof DerError)) throw e;
    return [];
  }
}

/** Plugin CertificateSubjectRestriction: nobody gets a client certificate that makes them system:masters this way. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (operation) => operation === 'CREATE',
  validate(_ctx, a) {
    if (!isRequest(a, '')) return;
    const spec = child(a.object, 'spec');
    if (str(spec, 'signerName') !== CLIENT_SIGNER) return;
    if (!organizations(str(spec, 'request')).includes(MASTERS)) return;
    throw admissionForbidden(a, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
  },
};
