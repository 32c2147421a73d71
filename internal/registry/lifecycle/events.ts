import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

/** The same fact under its name in events.k8s.io/v1 and in the core group (pkg/apis/events/v1/conversion.go). */
const NAMES: readonly (readonly [string, string])[] = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];

const TO_CORE = new Map(NAMES);
const FROM_CORE = new Map(NAMES.map(([event, core]) => [core, event]));

function renamed(obj: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const out: JsonObject = {};
  for (const [k, v] of Object.entries(obj)) if (v !== undefined) out[names.get(k) ?? k] = v;
  return out;
}

/** Events of the group events.k8s.io are stored as those of the core group. */
export const groupedEvents: Strategy = {
  fromVersion(event) {
    const out = renamed(event, TO_CORE);
    out['apiVersion'] = 'v1';
    // What Go writes of a core event even when it is empty.
    out['involvedObject'] ??= {};
    out['source'] ??= {};
    out['reportingComponent'] ??= '';
    out['reportingInstance'] ??= '';
    return out;
  },
  toVersion(event) {
    const out: JsonObject = { ...renamed(event, FROM_CORE), apiVersion: 'events.k8s.io/v1' };
    // Which this group leaves out when they are empty.
    for (const field of ['reportingController', 'reportingInstance']) if (out[field] === '') delete out[field];
    return out;
  },
};
