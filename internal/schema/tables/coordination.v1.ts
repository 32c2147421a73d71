import type { TypeTable } from '../grammar.js';

/** Types of coordination.v1; one line per field, see ../grammar.ts. */
export const types = {
  Lease: {
    '': 'kind | Says who holds a role or is alive.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'LeaseSpec 2 | Holder and times.',
  },
  LeaseList: {
    '': 'kind | A list of Lease objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]Lease 2 required always | The objects.',
  },
  LeaseSpec: {
    '': '| Holder of a lease and its times.',
    holderIdentity: '*string 1 | Who holds it; empty means nobody.',
    leaseDurationSeconds: '*int32 2 | Others may take it this many seconds after renewTime.',
    acquireTime: '*microTime 3 | When it was taken.',
    renewTime: '*microTime 4 | When the holder last renewed it.',
    leaseTransitions: '*int32 5 | How often it changed hands.',
    strategy: '*string 6 | How the next holder is chosen, when the election is coordinated.',
    preferredHolder: '*string 7 | Who should take it next.',
  },
} as const satisfies TypeTable;
