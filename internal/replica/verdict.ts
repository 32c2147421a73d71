import { randomBytes } from 'node:crypto';
import type { NodeId } from '../raft/index.js';
import type { StateHash } from '../store/meta.js';

/** What one replica says of its state at a revision. */
export interface Witness extends StateHash {
  /** Whose computation the state comes from: StateMeta.lineage. */
  readonly lineage: string;
}

/**
 * agreed: the state is right, for a majority of voters computed it each by itself, or all voters have it.
 * differs: so many voters, a majority, computed `right` each by itself; who has another state is wrong.
 * disputed: voters have different states, and it cannot be told which is right.
 * unknown: too few were heard.
 */
export type Verdict =
  | { readonly kind: 'agreed' }
  | { readonly kind: 'differs'; readonly right: StateHash; readonly lineages: number }
  | { readonly kind: 'disputed' }
  | { readonly kind: 'unknown' };

/**
 * Judges what members say of the same revision. A copy is not a vote: states of one lineage count once, however many
 * replicas hold them, for all but one of them only repeat what was computed elsewhere. Learners have no say. Hashes of one
 * kind are compared with each other only: who has none of a kind has no say in it.
 */
export function judge(witnesses: ReadonlyMap<NodeId, Witness>, voters: readonly NodeId[]): Verdict {
  const heard = [...witnesses].flatMap(([id, witness]) => (voters.includes(id) ? [witness] : []));
  const changes = count(heard, 'changes', voters.length);
  if (changes === 'disputed') return { kind: 'disputed' };
  const rows = count(
    heard.filter((witness) => witness.changes === changes.hash),
    'rows',
    voters.length,
  );
  if (rows === 'disputed') return { kind: 'disputed' };
  const { hash } = changes;
  if (hash === undefined) return { kind: 'unknown' };
  const right = { changes: hash, rows: rows.hash };
  // Nobody is left who could say otherwise: so a cluster that grew from one replica comes to lineages of its own.
  const isWhole = heard.length === voters.length && changes.same && rows.same;
  if (changes.lineages <= voters.length / 2 && !isWhole) return { kind: 'unknown' };
  if ([...witnesses.values()].every((witness) => isSameState(witness, right))) return { kind: 'agreed' };
  const lineages = Math.min(changes.lineages, rows.same ? Number.POSITIVE_INFINITY : rows.lineages);
  return { kind: 'differs', right, lineages: isWhole ? voters.length : lineages };
}

/** Is it the same as far as both can tell? */
export function isSameState(a: StateHash, b: StateHash): boolean {
  return a.changes === b.changes && (a.rows === undefined || b.rows === undefined || a.rows === b.rows);
}

interface Count {
  /** The only hash that there is, or the one that a majority computed. */
  readonly hash: string | undefined;
  readonly same: boolean;
  /** How many computed it each by itself. */
  readonly lineages: number;
}

function count(heard: readonly Witness[], kind: keyof StateHash, voters: number): Count | 'disputed' {
  const lineages = new Map<string, Set<string>>();
  for (const witness of heard) {
    const hash = witness[kind];
    if (hash === undefined) continue;
    const known = lineages.get(hash) ?? new Set<string>();
    lineages.set(hash, known.add(witness.lineage));
  }
  const same = lineages.size <= 1;
  for (const [hash, { size }] of lineages) if (same || size > voters / 2) return { hash, same, lineages: size };
  return same ? { hash: undefined, same, lineages: 0 } : 'disputed';
}

/** A lineage that begins here: with an empty state, or with one that was agreed upon. */
export function newLineage(id: NodeId): string {
  return `${id}-${randomBytes(8).toString('hex')}`;
}

/** Does this lineage begin at this member? */
export function isLineageOf(lineage: string, id: NodeId): boolean {
  return lineage.startsWith(`${id}-`);
}
