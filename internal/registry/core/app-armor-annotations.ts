import { child, ensureChild, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { podSpecContainers } from './pod-template-defaults.js';

export const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
export const APP_ARMOR_WARNING = 'deprecated since v1.30; use the "appArmorProfile" field instead';

const LOCALHOST = 'localhost/';
/** PATH_MAX - 1, in bytes. */
const MAX_PROFILE_BYTES = 4095;

/** The profile that an annotation means; undefined for one that cannot be read (ApparmorFieldForAnnotation). */
export function appArmorProfileOf(annotation: string): JsonObject | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = annotation.startsWith(LOCALHOST) ? annotation.slice(LOCALHOST.length) : '';
  return localhostProfile === '' ? undefined : { type: 'Localhost', localhostProfile };
}

function isValid({ localhostProfile }: JsonObject): boolean {
  if (typeof localhostProfile !== 'string') return true;
  return localhostProfile.trim() === localhostProfile && Buffer.byteLength(localhostProfile) <= MAX_PROFILE_BYTES;
}

/**
 * Gives the containers of a new pod the AppArmor profiles that its annotations name (applyAppArmorVersionSkew), and warns
 * of annotations that become fields, or cannot.
 */
export function syncAppArmorAnnotations(pod: JsonObject, warnings: string[]): void {
  const annotations = child(child(pod, 'metadata'), 'annotations');
  const spec = child(pod, 'spec');
  if (annotations === undefined || spec === undefined || str(child(spec, 'os'), 'name') === 'windows') return;
  const ofPod = child(child(spec, 'securityContext'), 'appArmorProfile');
  for (const container of podSpecContainers(spec)) {
    const key = APP_ARMOR_PREFIX + str(container, 'name');
    const annotation = annotations[key];
    if (typeof annotation !== 'string') continue;
    if (child(child(container, 'securityContext'), 'appArmorProfile') !== undefined) continue;
    const meant = appArmorProfileOf(annotation);
    const profile = meant !== undefined && isValid(meant) ? meant : undefined;
    if (profile !== undefined) {
      if (semanticEqual(profile, ofPod)) continue;
      ensureChild(container, 'securityContext')['appArmorProfile'] = profile;
    }
    warnings.push(`metadata.annotations[${key}]: ${APP_ARMOR_WARNING}`);
  }
}
