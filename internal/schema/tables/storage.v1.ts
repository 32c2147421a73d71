import type { TypeTable } from '../grammar.js';

/** Types of storage.v1; one line per field, see ../grammar.ts. */
export const types = {
  CSIDriver: {
    '': 'kind | What Kubernetes should know about a CSI driver. Its name is the driver\'s.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'CSIDriverSpec 2 required | How the driver is used.',
  },
  CSIDriverList: {
    '': 'kind | A list of CSIDriver objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]CSIDriver 2 required always | The objects.',
  },
  CSIDriverSpec: {
    '': '| How a driver is used.',
    attachRequired: '*bool 1 | Volumes must be attached to a node before they are mounted; default true. Cannot be changed.',
    podInfoOnMount: '*bool 2 | The driver is told which pod a volume is for; default false.',
    volumeLifecycleModes: '[]string 3 list=set | Persistent (default), Ephemeral or both. Cannot be changed.',
    storageCapacity: '*bool 4 | The scheduler takes the free capacity into account that the driver publishes.',
    fsGroupPolicy: '*string 5 | Whether ownership of files is changed to fsGroup: ReadWriteOnceWithFSType (default), File or None.',
    tokenRequests: '[]TokenRequest 6 list=atomic | Service account tokens that the driver is given for the pod.',
    requiresRepublish: '*bool 7 | Volumes are published again from time to time, for example for new tokens.',
    seLinuxMount: '*bool 8 | The driver can mount volumes with an SELinux label.',
    nodeAllocatableUpdatePeriodSeconds: '*int64 9 | Seconds between updates of how many volumes a node can take; 10 at least.',
    serviceAccountTokenInSecrets: '*bool 10 | Tokens are passed among the secrets instead of the volume context.',
    preventPodSchedulingIfMissing: '*bool 11 | Pods are not put on nodes where the driver is missing.',
  },
  CSINode: {
    '': 'kind | CSI drivers on a node. Its name is the node\'s.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'CSINodeSpec 2 required | The drivers.',
  },
  CSINodeDriver: {
    '': '| A driver on a node.',
    name: 'string 1 required always | Name of the driver.',
    nodeID: 'string 2 required always | What the driver calls the node.',
    topologyKeys: '[]string 3 always list=atomic | Labels of the node that say what the driver can reach.',
    allocatable: '*VolumeNodeResources 4 | How many volumes the node can take.',
  },
  CSINodeList: {
    '': 'kind | A list of CSINode objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]CSINode 2 required always | The objects.',
  },
  CSINodeSpec: {
    '': '| The drivers on a node.',
    drivers: '[]CSINodeDriver 1 required always list=map:name patch=merge:name | The drivers.',
  },
  CSIStorageCapacity: {
    '': 'kind | Free capacity of a storage class in a part of the cluster.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    nodeTopology: '*meta.v1.LabelSelector 2 | Nodes that can reach it; empty means all, absent none.',
    storageClassName: 'string 3 required always | The storage class. Cannot be changed.',
    capacity: '*quantity 4 | Free capacity in bytes.',
    maximumVolumeSize: '*quantity 5 | Largest volume that can be made.',
  },
  CSIStorageCapacityList: {
    '': 'kind | A list of CSIStorageCapacity objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]CSIStorageCapacity 2 required always | The objects.',
  },
  StorageClass: {
    '': 'kind | A kind of storage that claims may ask for.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    provisioner: 'string 2 required always | Driver that makes the volumes. Cannot be changed.',
    parameters: 'map[string]string 3 | Settings that only the driver understands. Cannot be changed.',
    reclaimPolicy: '*string 4 enum=Delete,Recycle,Retain | What becomes of a volume when its claim goes: Delete (default) or Retain.',
    mountOptions: '[]string 5 list=atomic | Options for mounting; not checked.',
    allowVolumeExpansion: '*bool 6 | Whether volumes may grow.',
    volumeBindingMode: '*string 7 enum=Immediate,WaitForFirstConsumer | Immediate (default), or WaitForFirstConsumer: when a pod needs the volume.',
    allowedTopologies: '[]core.v1.TopologySelectorTerm 8 list=atomic | Where volumes may be made.',
  },
  StorageClassList: {
    '': 'kind | A list of StorageClass objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]StorageClass 2 required always | The objects.',
  },
  TokenRequest: {
    '': '| A service account token for a driver.',
    audience: 'string 1 required always | Whom the token is meant for; empty means the API server.',
    expirationSeconds: '*int64 2 | Lifetime in seconds; 600 at least.',
  },
  VolumeAttachment: {
    '': 'kind | Asks for a volume to be attached to a node.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'VolumeAttachmentSpec 2 required | What is wanted. Users write it.',
    status: 'VolumeAttachmentStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  VolumeAttachmentList: {
    '': 'kind | A list of VolumeAttachment objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]VolumeAttachment 2 required always | The objects.',
  },
  VolumeAttachmentSource: {
    '': '| The volume; one of the two.',
    persistentVolumeName: '*string 1 | Name of the persistent volume.',
    inlineVolumeSpec: '*core.v1.PersistentVolumeSpec 2 | The volume itself, for volumes that are moved to CSI.',
  },
  VolumeAttachmentSpec: {
    '': '| Volume, node and driver.',
    attacher: 'string 1 required always | Driver that attaches it.',
    source: 'VolumeAttachmentSource 2 required | The volume.',
    nodeName: 'string 3 required always | The node.',
  },
  VolumeAttachmentStatus: {
    '': '| Whether a volume is attached.',
    attached: 'bool 1 required always | True when it is.',
    attachmentMetadata: 'map[string]string 2 | What the driver needs to know for mounting.',
    attachError: '*VolumeError 3 | Last error when attaching.',
    detachError: '*VolumeError 4 | Last error when detaching.',
  },
  VolumeAttributesClass: {
    '': 'kind | Attributes of volumes that can be changed while they are used.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    driverName: 'string 2 required always | The driver. Cannot be changed.',
    parameters: 'map[string]string 3 | The attributes. Cannot be changed.',
  },
  VolumeAttributesClassList: {
    '': 'kind | A list of VolumeAttributesClass objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]VolumeAttributesClass 2 required always | The objects.',
  },
  VolumeError: {
    '': '| An error of a volume.',
    time: 'time 1 | When it happened.',
    message: 'string 2 | What happened, without secrets.',
    errorCode: '*int32 3 | Code of the gRPC error.',
  },
  VolumeNodeResources: {
    '': '| How much a node can take.',
    count: '*int32 1 | Most volumes of the driver on the node; absent means no limit.',
  },
} as const satisfies TypeTable;
