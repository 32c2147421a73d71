import type { JsonObject } from '../machinery/json.js';
import { decodeValue, objectText } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { apiVersionOf } from './convert.js';
import { LazyObject } from './lazy.js';

const REVISION_HERE = '(revision)';

/** The bookmarks of a kind: an empty object of it that says no more than how far the watch has come. */
export function bookmarksOf(def: ResourceDef): (revision: number, initialEventsEnd: boolean) => LazyObject {
  const template = (annotations: JsonObject | undefined): readonly string[] => {
    const mark: JsonObject = {
      kind: def.kind,
      apiVersion: apiVersionOf(def),
      metadata: { resourceVersion: REVISION_HERE, ...(annotations === undefined ? {} : { annotations }) },
    };
    const whole = isCustom(def) ? mark : decodeValue(mark, def.type, 'Ignore').object;
    return objectText(whole).split(REVISION_HERE);
  };
  const plain = template(undefined);
  const end = template({ 'k8s.io/initial-events-end': 'true' });
  return (revision, initialEventsEnd) => {
    const mark = new LazyObject('', Buffer.from((initialEventsEnd ? end : plain).join(String(revision))));
    // It is no object that would be converted.
    if (isCustom(def)) mark.keep(apiVersionOf(def), mark.object);
    return mark;
  };
}
