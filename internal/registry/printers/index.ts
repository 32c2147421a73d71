import type { TableStrategy } from '../types.js';
import { clusterCells } from './cluster-cells.js';
import type { ColumnTable } from './columns.js';
import { admissionregistrationColumns } from './columns/admissionregistration.js';
import { apiregistrationColumns } from './columns/apiregistration.js';
import { appsColumns } from './columns/apps.js';
import { autoscalingColumns } from './columns/autoscaling.js';
import { batchColumns } from './columns/batch.js';
import { certificatesColumns } from './columns/certificates.js';
import { coordinationColumns } from './columns/coordination.js';
import { coreColumns } from './columns/core.js';
import { discoveryColumns } from './columns/discovery.js';
import { eventsColumns } from './columns/events.js';
import { flowcontrolColumns } from './columns/flowcontrol.js';
import { networkingColumns } from './columns/networking.js';
import { nodeColumns } from './columns/node.js';
import { policyColumns } from './columns/policy.js';
import { rbacColumns } from './columns/rbac.js';
import { resourceColumns } from './columns/resource.js';
import { schedulingColumns } from './columns/scheduling.js';
import { storageColumns } from './columns/storage.js';
import { coreCells } from './core-cells.js';
import type { Cells } from './human.js';
import { podRowConditions } from './pod-cells.js';
import { appsCells, autoscalingCells, batchCells, policyCells } from './workload-cells.js';

const COLUMNS: Readonly<Record<string, ColumnTable>> = {
  '': coreColumns,
  'admissionregistration.k8s.io': admissionregistrationColumns,
  'apiregistration.k8s.io': apiregistrationColumns,
  apps: appsColumns,
  autoscaling: autoscalingColumns,
  batch: batchColumns,
  'certificates.k8s.io': certificatesColumns,
  'coordination.k8s.io': coordinationColumns,
  'discovery.k8s.io': discoveryColumns,
  'events.k8s.io': eventsColumns,
  'flowcontrol.apiserver.k8s.io': flowcontrolColumns,
  'networking.k8s.io': networkingColumns,
  'node.k8s.io': nodeColumns,
  policy: policyColumns,
  'rbac.authorization.k8s.io': rbacColumns,
  'resource.k8s.io': resourceColumns,
  'scheduling.k8s.io': schedulingColumns,
  'storage.k8s.io': storageColumns,
};

const CELLS: Readonly<Record<string, Readonly<Record<string, Cells>>>> = {
  '': coreCells,
  apps: appsCells,
  autoscaling: autoscalingCells,
  batch: batchCells,
  policy: policyCells,
  ...clusterCells,
};

/** Columns and cells of a resource, or nothing for one that is shown by name and age only. */
export function printerOf(group: string, resource: string): TableStrategy {
  const columns = COLUMNS[group]?.[resource];
  const cells = CELLS[group]?.[resource];
  if (columns === undefined || cells === undefined) return {};
  return group === '' && resource === 'pods' ? { columns, cells, rowConditions: podRowConditions } : { columns, cells };
}
