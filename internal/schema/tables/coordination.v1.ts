import type { TypeTable } from '../grammar.js';

/** Types of coordination.v1; one line per field, see ../grammar.ts. */
export const types = {
  Lease: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'LeaseSpec 2 |',
  },
  LeaseList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]Lease 2 required always |',
  },
  LeaseSpec: {
    '': '|',
    holderIdentity: '*string 1 |',
    leaseDurationSeconds: '*int32 2 |',
    acquireTime: '*microTime 3 |',
    renewTime: '*microTime 4 |',
    leaseTransitions: '*int32 5 |',
    strategy: '*string 6 |',
    preferredHolder: '*string 7 |',
  },
} as const satisfies TypeTable;
