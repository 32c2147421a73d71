import type { AuditBackend } from '../types.js';

/** Hands events to all; false when one of them could not record them. */
export function unionBackend(backends: readonly AuditBackend[]): AuditBackend {
  return {
    processEvents(events, mayWait) {
      const results = backends.map((backend) => backend.processEvents(events, mayWait));
      if (results.every((result) => typeof result === 'boolean')) return results.every((ok) => ok);
      return Promise.all(results.map((result) => Promise.resolve(result))).then((all) => all.every((ok) => ok));
    },
    mayGoOn: () => backends.every((backend) => backend.mayGoOn?.() === true),
    async shutdown() {
      await Promise.all(backends.map((backend) => backend.shutdown()));
    },
  };
}

/**
 * Mode `blocking`: waits like the delegate, but a failure of it fails nothing else. `mayGoOn` is that of AuditBackend: the
 * delegate must keep the order of events.
 */
export function ignoringErrors(delegate: AuditBackend, mayGoOn: () => boolean = () => false): AuditBackend {
  let last: { result: Promise<boolean>; ignored: Promise<true> } | undefined;
  return {
    processEvents(events, mayWait) {
      const result = delegate.processEvents(events, mayWait);
      if (!(result instanceof Promise)) return true;
      // Events that are recorded together have one promise.
      if (last?.result !== result) last = { result, ignored: result.then(() => true) };
      return last.ignored;
    },
    mayGoOn,
    shutdown: () => delegate.shutdown(),
  };
}
