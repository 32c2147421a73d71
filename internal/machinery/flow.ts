import { assert } from './assert.js';

/**
 * Work that mostly ends at once but may have to wait in the middle. A generator yields what must be waited for; `drive`
 * runs it, and gives a promise only when something was yielded.
 */
export type Flow<T> = Generator<Promise<unknown>, T, unknown>;

/** Runs a flow: its result at once, or a promise from where it first waits. What a wait rejects with is thrown in the flow. */
export function drive<T>(flow: Flow<T>): T | Promise<T> {
  const first = flow.next();
  return first.done === true ? first.value : goOn(flow, first.value);
}

async function goOn<T>(flow: Flow<T>, waiting: Promise<unknown>): Promise<T> {
  let pending = waiting;
  for (;;) {
    let value: unknown;
    let error: unknown;
    let failed = false;
    try {
      value = await pending;
    } catch (e) {
      failed = true;
      error = e;
    }
    const step = failed ? flow.throw(error) : flow.next(value);
    if (step.done === true) return step.value;
    pending = step.value;
  }
}

/** The value, waited for where it is a promise. */
export function* settled<T>(value: T | Promise<T>): Flow<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs a flow that has nothing to wait for. */
export function atOnce<T>(flow: Flow<T>): T {
  const step = flow.next();
  assert(step.done === true, 'the flow has nothing to wait for');
  return step.value;
}
