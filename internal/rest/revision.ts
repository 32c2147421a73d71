import type { Backend } from '../store/types.js';
import { tooLargeResourceVersion } from './errors.js';

/** How long a read waits for this replica to reach the revision it names (kube-apiserver's blockTimeout). */
export const REVISION_WAIT_MS = 3_000;

/** Resolves when `revision` is applied here; rejects with 504 after REVISION_WAIT_MS. */
export function waitForRevision(backend: Backend, revision: number): Promise<void> | undefined {
  if (backend.revision >= revision) return undefined;
  return new Promise((resolve, reject) => {
    const stop = backend.onApplied((applied) => {
      if (applied < revision) return;
      clearTimeout(timer);
      stop();
      resolve();
    });
    const timer = setTimeout(() => {
      stop();
      reject(tooLargeResourceVersion(revision, backend.revision));
    }, REVISION_WAIT_MS);
  });
}
