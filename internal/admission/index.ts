import { certificateSubjectRestriction } from './certificates/index.js';
import { defaultIngressClass } from './default-ingress-class/index.js';
import { defaultStorageClass } from './default-storage-class/index.js';
import { defaultTolerationSeconds } from './default-toleration-seconds/index.js';
import { limitRanger } from './limit-ranger/index.js';
import { namespaceLifecycle } from './namespace-lifecycle/index.js';
import { nodeRestriction } from './node-restriction/index.js';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/index.js';
import { priority, priorityClassDefault } from './priority/index.js';
import { runtimeClass } from './runtime-class/index.js';
import { serviceAccount } from './service-account/index.js';
import {
  storageObjectInUseProtection,
  volumeAttributesClassProtection,
} from './storage-object-in-use-protection/index.js';
import { taintNodesByCondition } from './taint-nodes-by-condition/index.js';
import type { AdmissionAttributes, AdmissionChain, AdmissionContext, AdmissionPlugin } from './types.js';

export type * from './types.js';

/** Every plugin that needs no more than the store, in the order in which they run (the reference's AllOrderedPlugins). */
export const orderedAdmission: AdmissionChain = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  priority,
  priorityClassDefault,
  defaultTolerationSeconds,
  storageObjectInUseProtection,
  volumeAttributesClassProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateSubjectRestriction,
  defaultIngressClass,
  defaultStorageClass,
];

/** Those that run only when `--enable-admission-plugins` names them. */
const OFF: ReadonlySet<AdmissionPlugin> = new Set([nodeRestriction]);

/** The plugins that are on by default, in their order. */
export const defaultAdmission: AdmissionChain = orderedAdmission.filter((plugin) => !OFF.has(plugin));

type Phase = 'admit' | 'validate';

async function rest(
  chain: AdmissionChain,
  from: number,
  pending: Promise<void>,
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): Promise<void> {
  await pending;
  for (let i = from; i < chain.length; i++) {
    const plugin = chain[i];
    if (plugin?.handles(attributes.operation) === true) await plugin[phase]?.(ctx, attributes);
  }
}

/** A promise only when a plugin needs one: most writes are admitted without waiting. */
function run(
  chain: AdmissionChain,
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): void | Promise<void> {
  for (let i = 0; i < chain.length; i++) {
    const plugin = chain[i];
    if (plugin?.handles(attributes.operation) !== true) continue;
    const pending = plugin[phase]?.(ctx, attributes);
    if (pending instanceof Promise) return rest(chain, i + 1, pending, phase, ctx, attributes);
  }
}

/** Runs the mutating part of every plugin. Throws or rejects with the StatusError of the first that refuses. */
export function admit(chain: AdmissionChain, ctx: AdmissionContext, a: AdmissionAttributes): void | Promise<void> {
  return run(chain, 'admit', ctx, a);
}

/** Runs the validating part of every plugin, on the object as it will be stored. */
export function validateAdmission(
  chain: AdmissionChain,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
): void | Promise<void> {
  return run(chain, 'validate', ctx, a);
}
