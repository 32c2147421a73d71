import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { compareQuantity, parseQuantity, type Quantity, scaledValue } from '../../../machinery/quantity.js';
import { countOf, type MutableAmounts } from '../amounts.js';
import { namesMatch } from '../scopes.js';
import type { Evaluator } from './types.js';

const COUNT = 'count/persistentvolumeclaims';
const CLAIMS = 'persistentvolumeclaims';
const STORAGE = 'requests.storage';
const BY_CLASS = '.storageclass.storage.k8s.io/';
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

function storageClassOf(claim: JsonObject): string {
  const annotations = child(child(claim, 'metadata'), 'annotations');
  const annotated = annotations?.[CLASS_ANNOTATION];
  return typeof annotated === 'string' ? annotated : str(child(claim, 'spec'), 'storageClassName');
}

/** Whole bytes: a quota counts no fractions. */
const roundedUp = (q: Quantity): Quantity =>
  q.scale <= 0 ? q : { unscaled: scaledValue(q, 0), scale: 0, format: q.format };

/** What is asked for, or what is allocated already where that is more (an expansion that failed was taken back). */
function storageOf(claim: JsonObject): Quantity | undefined {
  const asked = child(child(child(claim, 'spec'), 'resources'), 'requests')?.['storage'];
  if (typeof asked !== 'string') return undefined;
  const requested = parseQuantity(asked);
  const allocated = child(child(claim, 'status'), 'allocatedResources')?.['storage'];
  if (typeof allocated !== 'string') return roundedUp(requested);
  const granted = parseQuantity(allocated);
  return roundedUp(compareQuantity(granted, requested) > 0 ? granted : requested);
}

/** The VolumeAttributesClasses that a claim has, had or is to have. */
function attributesClassesOf(claim: JsonObject): string[] {
  const status = child(claim, 'status');
  return [
    str(child(claim, 'spec'), 'volumeAttributesClassName'),
    str(status, 'currentVolumeAttributesClassName'),
    str(child(status, 'modifyVolumeStatus'), 'targetVolumeAttributesClassName'),
  ].filter((name) => name !== '');
}

/** Claims for volumes and the storage that they ask for, in all and for each storage class. */
export const claimEvaluator: Evaluator = {
  handles(a) {
    if (a.subresource === 'status') return true;
    return a.subresource === '' && (a.operation === 'CREATE' || a.operation === 'UPDATE');
  },
  matching: (names) =>
    [...names].filter(
      (name) =>
        name === COUNT ||
        name === CLAIMS ||
        name === STORAGE ||
        name.endsWith(`${BY_CLASS}${CLAIMS}`) ||
        name.endsWith(`${BY_CLASS}${STORAGE}`),
    ),
  inScope: (requirement, claim) =>
    requirement.scopeName === 'VolumeAttributesClass' && namesMatch(requirement, attributesClassesOf(claim)),
  usage(claim) {
    const used: MutableAmounts = new Map([
      [CLAIMS, countOf(1)],
      [COUNT, countOf(1)],
    ]);
    const storageClass = storageClassOf(claim);
    const storage = storageOf(claim);
    if (storage !== undefined) used.set(STORAGE, storage);
    if (storageClass !== '') {
      used.set(`${storageClass}${BY_CLASS}${CLAIMS}`, countOf(1));
      if (storage !== undefined) used.set(`${storageClass}${BY_CLASS}${STORAGE}`, storage);
    }
    return used;
  },
};
