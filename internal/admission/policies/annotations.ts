import type { AdmissionContext } from '../types.js';

/** Bytes of an annotation's value; what is beyond is cut off. */
const MAX_VALUE_BYTES = 10 * 1024;

/** Annotations of one policy: what several bindings and parameters say under one key becomes one value. */
export class AnnotationCollector {
  private readonly values = new Map<string, string[]>();
  constructor(private readonly policy: string) {}

  /** The same value is told once. */
  add(key: string, value: string): void {
    const bytes = Buffer.from(value);
    const kept = bytes.length > MAX_VALUE_BYTES ? bytes.subarray(0, MAX_VALUE_BYTES).toString() : value;
    const values = this.values.get(key);
    if (values === undefined) this.values.set(key, [kept]);
    else if (!values.includes(kept)) values.push(kept);
  }
  publish(ctx: AdmissionContext): void {
    for (const [key, values] of this.values) ctx.annotate(`${this.policy}/${key}`, values.join(', '));
  }
}
