import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { unifiedDiff } from '../../machinery/unified-diff.js';
import { asInGo, goFieldName } from './as-in-go.js';

/** Of larger objects the difference is not shown: to find it would take too long. */
const MAX_LINES = 20_000;

function whole(o: JsonObject, typeName: string, fields: readonly string[] | undefined): JsonValue {
  const all = asInGo(o, typeName);
  const names = fields?.map(goFieldName);
  return names === undefined ? all : Object.fromEntries(names.map((name) => [name, all[name]]));
}

function lines(shown: JsonValue): string[] {
  const text = JSON.stringify(shown, (_key, x: unknown) => (typeof x === 'bigint' ? Number(x) : x), 1);
  // Go's JSON encoder writes what HTML could take for markup as escapes.
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).split('\n');
}

function diffOf(before: JsonValue, after: JsonValue): string {
  const [a, b] = [lines(before), lines(after)];
  return a.length + b.length > MAX_LINES ? '' : unifiedDiff(a, b);
}

/**
 * How kube-apiserver shows what changed in a struct (apimachinery's diff.Diff): Go's form of both, compared line by line.
 * `fields`: the JSON names of those that an embedded struct has in Go, in its order, when only that is shown.
 */
export function goDiff(before: JsonObject, after: JsonObject, typeName: string, fields?: readonly string[]): string {
  return diffOf(whole(before, typeName, fields), whole(after, typeName, fields));
}

/** The same of two lists of such structs. */
export function goListDiff(before: readonly JsonObject[], after: readonly JsonObject[], typeName: string): string {
  return diffOf(
    before.map((o) => asInGo(o, typeName)),
    after.map((o) => asInGo(o, typeName)),
  );
}
