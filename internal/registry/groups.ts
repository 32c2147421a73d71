import { admissionregistration } from './admissionregistration/index.js';
import { apiextensions } from './apiextensions/index.js';
import { apiregistration } from './apiregistration/index.js';
import { apps } from './apps/index.js';
import { autoscaling } from './autoscaling/index.js';
import { batch } from './batch/index.js';
import { certificates } from './certificates/index.js';
import { coordination } from './coordination/index.js';
import { core } from './core/index.js';
import { discovery } from './discovery/index.js';
import { events } from './events/index.js';
import { flowcontrol } from './flowcontrol/index.js';
import { networking } from './networking/index.js';
import { node } from './node/index.js';
import { policy } from './policy/index.js';
import { rbac } from './rbac/index.js';
import { resource } from './resource/index.js';
import { scheduling } from './scheduling/index.js';
import { storage } from './storage/index.js';
import type { Strategy } from './types.js';

/** Strategies by storage group and plural resource name; a resource without an entry behaves generically. */
export const strategiesByGroup: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  '': core,
  'admissionregistration.k8s.io': admissionregistration,
  'apiextensions.k8s.io': apiextensions,
  'apiregistration.k8s.io': apiregistration,
  apps,
  autoscaling,
  batch,
  'certificates.k8s.io': certificates,
  'coordination.k8s.io': coordination,
  'discovery.k8s.io': discovery,
  'events.k8s.io': events,
  'flowcontrol.apiserver.k8s.io': flowcontrol,
  'networking.k8s.io': networking,
  'node.k8s.io': node,
  policy,
  'rbac.authorization.k8s.io': rbac,
  'resource.k8s.io': resource,
  'scheduling.k8s.io': scheduling,
  'storage.k8s.io': storage,
};
