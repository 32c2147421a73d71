import { additionalOf, propertiesOf, propertyOf, type Schema } from '../../extensions/structural/schema.js';
import { at, below } from '../../extensions/structural/walk.js';

/** The parts of a rule's `fieldPath`: `.a`, `['a.b']`. */
const PART = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/g;
const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The field that a rule's `fieldPath` names, as errors name it: fields behind dots, keys of maps in brackets. */
export function fieldOfPath(path: string, schema: Schema): string {
  let out = '';
  let s: Schema | undefined = schema;
  for (const m of path.matchAll(PART)) {
    const name: string = m[1] ?? (m[2] ?? '').replace(/\\(.)/gs, (_all, c: string) => ESCAPES[c] ?? c);
    const isField: boolean = s !== undefined && propertiesOf(s).length > 0;
    out = isField ? below(out, name) : at(out, name);
    s = s === undefined ? undefined : isField ? propertyOf(s, name) : additionalOf(s);
  }
  return out;
}
