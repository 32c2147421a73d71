import type { TypeTable } from '../grammar.js';

/** Types of certificates.v1; one line per field, see ../grammar.ts. */
export const types = {
  CertificateSigningRequest: {
    '': 'kind | Asks a signer for a certificate.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'CertificateSigningRequestSpec 2 required | What is wanted. Users write it.',
    status: 'CertificateSigningRequestStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  CertificateSigningRequestCondition: {
    '': '| A decision on a request.',
    type: 'string 1 required always | Approved, Denied or Failed.',
    status: 'string 6 required always | True; Unknown or False only for other types.',
    reason: 'string 2 | A word that tells why.',
    message: 'string 3 | A sentence that tells people what happened.',
    lastUpdateTime: 'time 4 | When the condition was last written.',
    lastTransitionTime: 'time 5 | When the status of the condition last changed.',
  },
  CertificateSigningRequestList: {
    '': 'kind | A list of CertificateSigningRequest objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]CertificateSigningRequest 2 required always | The objects.',
  },
  CertificateSigningRequestSpec: {
    '': '| The request. It cannot be changed; the fields about the user are set by the server.',
    request: 'bytes 1 required always | PKCS#10 request, in PEM.',
    signerName: 'string 7 required always | Which signer is asked, such as kubernetes.io/kube-apiserver-client.',
    expirationSeconds: '*int32 8 | Wanted lifetime in seconds, 600 at least; the signer may choose another.',
    usages: '[]string 5 list=atomic enum=any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection,encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime,server auth,signing,timestamping | What the key is used for, such as client auth.',
    username: 'string 2 | User who made the request.',
    uid: 'string 3 | Identifier of that user.',
    groups: '[]string 4 list=atomic | Groups of that user.',
    extra: 'map[string][]string 6 | Further attributes of that user.',
  },
  CertificateSigningRequestStatus: {
    '': '| Decision and certificate.',
    conditions: '[]CertificateSigningRequestCondition 1 list=map:type | Decisions on the request.',
    certificate: 'bytes 2 | The signed certificate and its chain, in PEM.',
  },
} as const satisfies TypeTable;
