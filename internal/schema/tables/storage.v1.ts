import type { TypeTable } from '../grammar.js';

/** Types of storage.v1; one line per field, see ../grammar.ts. */
export const types = {
  CSIDriver: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'CSIDriverSpec 2 required |',
  },
  CSIDriverList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]CSIDriver 2 required always |',
  },
  CSIDriverSpec: {
    '': '|',
    attachRequired: '*bool 1 |',
    podInfoOnMount: '*bool 2 |',
    volumeLifecycleModes: '[]string 3 list=set |',
    storageCapacity: '*bool 4 |',
    fsGroupPolicy: '*string 5 |',
    tokenRequests: '[]TokenRequest 6 list=atomic |',
    requiresRepublish: '*bool 7 |',
    seLinuxMount: '*bool 8 |',
    nodeAllocatableUpdatePeriodSeconds: '*int64 9 |',
    serviceAccountTokenInSecrets: '*bool 10 |',
    preventPodSchedulingIfMissing: '*bool 11 |',
  },
  CSINode: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'CSINodeSpec 2 required |',
  },
  CSINodeDriver: {
    '': '|',
    name: 'string 1 required always |',
    nodeID: 'string 2 required always |',
    topologyKeys: '[]string 3 always list=atomic |',
    allocatable: '*VolumeNodeResources 4 |',
  },
  CSINodeList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]CSINode 2 required always |',
  },
  CSINodeSpec: {
    '': '|',
    drivers: '[]CSINodeDriver 1 required always list=map:name patch=merge:name |',
  },
  CSIStorageCapacity: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    nodeTopology: '*meta.v1.LabelSelector 2 |',
    storageClassName: 'string 3 required always |',
    capacity: '*quantity 4 |',
    maximumVolumeSize: '*quantity 5 |',
  },
  CSIStorageCapacityList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]CSIStorageCapacity 2 required always |',
  },
  StorageClass: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    provisioner: 'string 2 required always |',
    parameters: 'map[string]string 3 |',
    reclaimPolicy: '*string 4 enum=Delete,Recycle,Retain |',
    mountOptions: '[]string 5 list=atomic |',
    allowVolumeExpansion: '*bool 6 |',
    volumeBindingMode: '*string 7 enum=Immediate,WaitForFirstConsumer |',
    allowedTopologies: '[]core.v1.TopologySelectorTerm 8 list=atomic |',
  },
  StorageClassList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]StorageClass 2 required always |',
  },
  TokenRequest: {
    '': '|',
    audience: 'string 1 required always |',
    expirationSeconds: '*int64 2 |',
  },
  VolumeAttachment: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'VolumeAttachmentSpec 2 required |',
    status: 'VolumeAttachmentStatus 3 |',
  },
  VolumeAttachmentList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]VolumeAttachment 2 required always |',
  },
  VolumeAttachmentSource: {
    '': '|',
    persistentVolumeName: '*string 1 |',
    inlineVolumeSpec: '*core.v1.PersistentVolumeSpec 2 |',
  },
  VolumeAttachmentSpec: {
    '': '|',
    attacher: 'string 1 required always |',
    source: 'VolumeAttachmentSource 2 required |',
    nodeName: 'string 3 required always |',
  },
  VolumeAttachmentStatus: {
    '': '|',
    attached: 'bool 1 required always |',
    attachmentMetadata: 'map[string]string 2 |',
    attachError: '*VolumeError 3 |',
    detachError: '*VolumeError 4 |',
  },
  VolumeAttributesClass: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    driverName: 'string 2 required always |',
    parameters: 'map[string]string 3 |',
  },
  VolumeAttributesClassList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]VolumeAttributesClass 2 required always |',
  },
  VolumeError: {
    '': '|',
    time: 'time 1 |',
    message: 'string 2 |',
    errorCode: '*int32 3 |',
  },
  VolumeNodeResources: {
    '': '|',
    count: '*int32 1 |',
  },
} as const satisfies TypeTable;
