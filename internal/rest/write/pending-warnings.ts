import type { ApiRequest } from '../types.js';

const pending = new WeakMap<ApiRequest, readonly string[]>();
const NONE: readonly string[] = [];

/** Remembers the list into which a write collects its warnings: a client gets them also when the write then fails. */
export function collectWarnings(request: ApiRequest, warnings: readonly string[]): void {
  pending.set(request, warnings);
}

/** What was collected for a request that failed. */
export const collectedWarnings = (request: ApiRequest): readonly string[] => pending.get(request) ?? NONE;
