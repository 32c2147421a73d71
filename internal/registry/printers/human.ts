import { child, children, num, str, strings } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';

/** Makes the cells of one row; `now` in milliseconds since the epoch. */
export type Cells = (o: JsonObject, now: number) => JsonValue[];

/** apimachinery's duration.HumanDuration: two units while the number is small, one when it is large. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  const both = (a: number, unitA: string, b: number, unitB: string): string =>
    b === 0 ? `${a}${unitA}` : `${a}${unitA}${b}${unitB}`;
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return both(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (days < 365 * 8) return both(years, 'y', days % 365, 'd');
  return `${years}y`;
}

/** Time since a stamp, `<unknown>` when there is none. */
export function since(stamp: JsonValue | undefined, now: number): string {
  const at = typeof stamp === 'string' ? Date.parse(stamp) : Number.NaN;
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at);
}

export const name = (o: JsonObject): string => str(child(o, 'metadata'), 'name');
export const age = (o: JsonObject, now: number): string => since(child(o, 'metadata')?.['creationTimestamp'], now);
export const createdAt = (o: JsonObject): JsonValue => child(o, 'metadata')?.['creationTimestamp'] ?? null;
export const spec = (o: JsonObject): JsonObject => child(o, 'spec') ?? {};
export const status = (o: JsonObject): JsonObject => child(o, 'status') ?? {};
export const number = (o: JsonObject | undefined, key: string): number => num(o, key) ?? 0;
export const size = (o: JsonObject | undefined): number => Object.keys(o ?? {}).length;
export const orNone = (s: string): string => (s === '' ? '<none>' : s);

/** A quantity, number or string as it is. */
export function text(v: JsonValue | undefined): string {
  return typeof v === 'string' ? v : typeof v === 'number' || typeof v === 'bigint' ? String(v) : '';
}

/** `a=b,c=d` in key order, `<none>` when empty (labels.FormatLabels). */
export function formatLabels(labels: JsonObject | undefined): string {
  const all = Object.entries(labels ?? {})
    .map(([k, v]) => `${k}=${text(v)}`)
    .sort();
  return orNone(all.join(','));
}

/** metav1.FormatLabelSelector: `a=b,c in (d,e),!f`; `<none>` for no requirements. */
export function formatSelector(selector: JsonObject | undefined): string {
  if (selector === undefined) return '<none>';
  const parts: { key: string; text: string }[] = [];
  for (const [key, v] of Object.entries(child(selector, 'matchLabels') ?? {})) {
    parts.push({ key, text: `${key}=${text(v)}` });
  }
  for (const e of children(selector, 'matchExpressions')) {
    const key = str(e, 'key');
    const values = [...strings(e, 'values')].sort().join(',');
    switch (str(e, 'operator')) {
      case 'In':
        parts.push({ key, text: `${key} in (${values})` });
        break;
      case 'NotIn':
        parts.push({ key, text: `${key} notin (${values})` });
        break;
      case 'Exists':
        parts.push({ key, text: key });
        break;
      case 'DoesNotExist':
        parts.push({ key, text: `!${key}` });
        break;
      default:
        return '<error>';
    }
  }
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return orNone(parts.map((p) => p.text).join(','));
}

/** Where a load balancer takes traffic: addresses, else names in DNS, each once, in order. */
export function balancerAddresses(o: JsonObject): string[] {
  const points = children(child(status(o), 'loadBalancer'), 'ingress');
  const all = points.map((i) => (str(i, 'ip') === '' ? str(i, 'hostname') : str(i, 'ip')));
  return [...new Set(all.filter((address) => address !== ''))].sort();
}

/** Names and images of a pod template's containers, comma separated. */
export function containersAndImages(template: JsonObject | undefined): [string, string] {
  const containers = children(child(template, 'spec'), 'containers');
  return [containers.map((c) => str(c, 'name')).join(','), containers.map((c) => str(c, 'image')).join(',')];
}

/** The first condition of this type. */
export function condition(o: JsonObject, type: string): JsonObject | undefined {
  return children(status(o), 'conditions').find((c) => str(c, 'type') === type);
}
