import { AGE, column, type ColumnTable, CONTAINERS, IMAGES, NAME } from '../columns.js';

/** Columns of the apps group by plural resource name. */
export const appsColumns = {
  controllerrevisions: [
    NAME,
    column('Controller', 'string', 0, 'Controller of the object'),
    column('Revision', 'string', 0, 'Revision indicates the revision of the state represented by Data.'),
    AGE,
  ],
  daemonsets: [
    NAME,
    column(
      'Desired',
      'integer',
      0,
      'The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/',
    ),
    column(
      'Current',
      'integer',
      0,
      'The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/',
    ),
    column(
      'Ready',
      'integer',
      0,
      'numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.',
    ),
    column('Up-to-date', 'integer', 0, 'The total number of nodes that are running updated daemon pod'),
    column(
      'Available',
      'integer',
      0,
      'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)',
    ),
    column(
      'Node Selector',
      'string',
      0,
      "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    column(
      'Selector',
      'string',
      1,
      "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
  ],
  deployments: [
    NAME,
    column('Ready', 'string', 0, 'Number of the pod with ready state'),
    column(
      'Up-to-date',
      'string',
      0,
      'Total number of non-terminating pods targeted by this deployment that have the desired template spec.',
    ),
    column(
      'Available',
      'string',
      0,
      'Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.',
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    column(
      'Selector',
      'string',
      1,
      "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.",
    ),
  ],
  replicasets: [
    NAME,
    column(
      'Desired',
      'integer',
      0,
      'Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset',
    ),
    column(
      'Current',
      'integer',
      0,
      'Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset',
    ),
    column(
      'Ready',
      'integer',
      0,
      'The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.',
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    column(
      'Selector',
      'string',
      1,
      "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
  ],
  statefulsets: [NAME, column('Ready', 'string', 0, 'Number of the pod with ready state'), AGE, CONTAINERS, IMAGES],
} satisfies ColumnTable;
