export interface UntilOptions {
  /** How long at most; default 40 s. */
  readonly ms?: number;
  /** Done between two looks. */
  readonly meanwhile?: () => unknown;
}

/** Waits until something holds, looking every 10 ms. Rejects with the condition's own text when it did not come to pass. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { ms = 40_000, meanwhile }: UntilOptions = {},
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`it did not come to pass within ${ms} ms: ${String(condition)}`);
    await meanwhile?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
