import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { quote } from '../../../machinery/status.js';
import type { Check, PodView, Violation } from '../check.js';
import { joinQuoted, plural, setters, sorted } from '../texts.js';

const ANNOTATION_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';

/** The type of a profile that is not allowed; undefined where there is none, or it is allowed. */
function badType(security: JsonObject | undefined): string | undefined {
  const profile = child(security, 'appArmorProfile');
  if (profile === undefined) return undefined;
  const type = str(profile, 'type');
  return type === 'RuntimeDefault' || type === 'Localhost' ? undefined : type;
}

function badAnnotations(annotations: JsonObject): string[] {
  const bad: string[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(ANNOTATION_PREFIX) || typeof value !== 'string') continue;
    if (value === '' || value === 'runtime/default' || value.startsWith('localhost/')) continue;
    bad.push(`${key}=${quote(value)}`);
  }
  return bad.sort();
}

function onlyDefaultOrLocal(pod: PodView): Violation | undefined {
  const ofPod = badType(pod.security);
  const containers = pod.containers.filter((c) => badType(c.security) !== undefined);
  const types = sorted([ofPod, ...containers.map((c) => badType(c.security))].filter((type) => type !== undefined));
  const annotations = badAnnotations(pod.annotations);
  const who = setters(
    ofPod !== undefined,
    containers.map((c) => c.name),
  );
  const all = [who, annotations.length > 0 ? plural(annotations.length, 'annotation') : ''].filter((s) => s !== '');
  if (all.length === 0) return undefined;
  const values = [...types, ...annotations];
  return {
    reason: plural(values.length, 'forbidden AppArmor profile'),
    detail: `${all.join(' and ')} must not set AppArmor profile type to ${joinQuoted(values)}`,
  };
}

/** The runtime's own AppArmor profile, or one of the node, by field or by annotation. */
export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [{ since: 0, check: onlyDefaultOrLocal }],
};
