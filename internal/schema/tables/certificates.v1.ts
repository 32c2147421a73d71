import type { TypeTable } from '../grammar.js';

/** Types of certificates.v1; one line per field, see ../grammar.ts. */
export const types = {
  CertificateSigningRequest: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'CertificateSigningRequestSpec 2 required |',
    status: 'CertificateSigningRequestStatus 3 |',
  },
  CertificateSigningRequestCondition: {
    '': '|',
    type: 'string 1 required always |',
    status: 'string 6 required always |',
    reason: 'string 2 |',
    message: 'string 3 |',
    lastUpdateTime: 'time 4 |',
    lastTransitionTime: 'time 5 |',
  },
  CertificateSigningRequestList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]CertificateSigningRequest 2 required always |',
  },
  CertificateSigningRequestSpec: {
    '': '|',
    request: 'bytes 1 required always |',
    signerName: 'string 7 required always |',
    expirationSeconds: '*int32 8 |',
    usages: '[]string 5 list=atomic enum=any,cert sign,client auth,code signing,content commitment,crl sign,data encipherment,decipher only,digital signature,email protection,encipher only,ipsec end system,ipsec tunnel,ipsec user,key agreement,key encipherment,microsoft sgc,netscape sgc,ocsp signing,s/mime,server auth,signing,timestamping |',
    username: 'string 2 |',
    uid: 'string 3 |',
    groups: '[]string 4 list=atomic |',
    extra: 'map[string][]string 6 |',
  },
  CertificateSigningRequestStatus: {
    '': '|',
    conditions: '[]CertificateSigningRequestCondition 1 list=map:type |',
    certificate: 'bytes 2 |',
  },
} as const satisfies TypeTable;
