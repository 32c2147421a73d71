import type { JsonValue } from './json.js';

/** intstr.IntOrString as JSON carries it: an int32 or any string. */
export type IntOrString = number | string;

/** True for what JSON of an IntOrString may be. */
export function isIntOrString(v: JsonValue | undefined): v is IntOrString {
  return typeof v === 'string' || (typeof v === 'number' && (v | 0) === v);
}

/**
 * The count that a port-like or percentage value comes to (intstr.GetScaledValueFromIntOrPercent): an integer is itself,
 * `"30%"` is that share of `total`, rounded up or down. Undefined when a string is no percentage.
 */
export function scaledIntOrPercent(v: IntOrString, total: number, roundUp: boolean): number | undefined {
  if (typeof v === 'number') return v;
  const m = /^([+-]?[0-9]+)%$/.exec(v);
  if (m === null) return undefined;
  const share = (Number(m[1]) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
