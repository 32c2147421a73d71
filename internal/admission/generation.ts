import { objectKey } from '../store/keys.js';
import type { Compare, Op } from '../store/types.js';
import type { ResourceDef } from '../schema/types.js';
import type { ObjectReader } from './types.js';

/*
 * Webhook configurations and policies that are written on one replica hold for the next request on every other. Each
 * change of one of them also writes one key, and every other write compares that key's revision with the one that its
 * admission went by: a replica that has not applied a change yet finds out in the transaction, and decides anew. This
 * costs a lookup for each write, and no round trip.
 */

/** Below the group's own prefix; no resource has this name. */
const KEY = objectKey('admissionregistration.k8s.io', '.generation', '', 'all');

/** Written with each change of a webhook configuration or policy. */
export const GENERATION_CHANGES: Op = { type: 'put', key: KEY, value: Buffer.from('{}'), revisionAt: -1 };

/** The revision of the last change that this replica has applied; 0 when there was none. */
export function generationOf(reader: ObjectReader): number {
  return reader.stored(KEY)?.modRevision ?? 0;
}

/** The condition under which a decision that went by this generation holds. */
export function generationIs(generation: number): Compare {
  return { key: KEY, modRevision: generation };
}

const GROUP = 'admissionregistration.k8s.io';
const POLICIES: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

/**
 * Whether no webhook and no policy is about such objects, so that what is decided of them goes by no generation. Policies
 * and their bindings are so: of hundreds that are written at once none has to wait for another.
 */
export const goesByNone = ({ group, resource }: ResourceDef): boolean => group === GROUP && POLICIES.has(resource);
