import { HARMLESS_AUTH } from './harmless-auth.js';
import { HARMLESS_ADMISSION } from './harmless-admission.js';
import { HARMLESS_CONSENSUS } from './harmless-consensus.js';
import { HARMLESS_REPLICA } from './harmless-replica.js';
import { HARMLESS_STORE } from './harmless-store.js';
import { HARMLESS_SERVER } from './harmless-server.js';
import { HARMLESS_TRANSPORT } from './harmless-transport.js';
import type { Mutant } from './mutants.js';

/** A break that no test needs to notice, found again by its file, its line's text and what it becomes. */
export interface Argued {
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  /** What becomes it, where more than one part of the line may; any part when absent. */
  readonly original?: string;
  readonly why: string;
}

/** Survivors of mutation runs that do no harm, and why. */
export const HARMLESS: readonly Argued[] = [
  ...HARMLESS_AUTH,
  ...HARMLESS_ADMISSION,
  ...HARMLESS_CONSENSUS,
  ...HARMLESS_REPLICA,
  ...HARMLESS_SERVER,
  ...HARMLESS_STORE,
  ...HARMLESS_TRANSPORT,
  {
    file: 'internal/raft/unstable.ts',
    text: 'if (first.index === next) {',
    replacement: 'false',
    why: 'a short cut for entries at the end: the branches below it come to the same list',
  },
  {
    file: 'internal/raft/progress/progress.ts',
    text: "this.next = this.state === 'snapshot' ? Math.max(this.match, this.pendingSnapshot) + 1 : this.match + 1;",
    replacement: 'true',
    why: 'pendingSnapshot is 0 in every other state',
  },
  {
    file: 'internal/raft/replicate.ts',
    text: 'if (!maybeCommit(core) && wasPaused) sendAppend(core, m.from, peer, true);',
    replacement: 'maybeCommit(core)',
    why: 'an append without entries more or less, which only tells the commit index a heartbeat earlier',
  },
  {
    file: 'internal/admission/limit-ranger/defaults.ts',
    text: 'if (value !== undefined) out.set(name, value);',
    replacement: 'true',
    why: 'a limit range has one item of each type, and no undefined values',
  },
  {
    file: 'internal/admission/namespace-lifecycle/index.ts',
    text: 'if (key === undefined) {',
    replacement: 'true',
    why: 'a cache of keys, which are made anew',
  },
];

/** Why this break does no harm, if that was argued. */
export function harmless({ file, text, replacement, original }: Mutant): string | undefined {
  return HARMLESS.find(
    (a) =>
      a.file === file &&
      a.text === text &&
      a.replacement === replacement &&
      (a.original === undefined || a.original === original),
  )?.why;
}
