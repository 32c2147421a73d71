import type { JsonObject } from '../../machinery/json.js';
import { unifiedDiff } from '../../machinery/unified-diff.js';
import { asInGo } from './as-in-go.js';

/** Of larger objects the difference is not shown: to find it would take too long. */
const MAX_LINES = 20_000;

function lines(o: JsonObject, typeName: string): string[] {
  const text = JSON.stringify(asInGo(o, typeName), (_key, x: unknown) => (typeof x === 'bigint' ? Number(x) : x), 1);
  // Go's JSON encoder writes what HTML could take for markup as escapes.
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).split('\n');
}

/** How the reference shows what changed in a struct (apimachinery's diff.Diff): Go's form of both, compared line by line. */
export function goDiff(before: JsonObject, after: JsonObject, typeName: string): string {
  const [a, b] = [lines(before, typeName), lines(after, typeName)];
  return a.length + b.length > MAX_LINES ? '' : unifiedDiff(a, b);
}
