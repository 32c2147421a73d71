import { ConfChangeError } from './confchange/changer.js';
import { changeMembers } from './confchange/apply.js';
import { decodeConfChange, encodeConfChange } from './confchange/codec.js';
import { isJoint } from './confchange/members.js';
import type { Core } from './core.js';
import { entriesBytes } from './entry.js';
import type { ConfChange, Entry, Message, RefusalReason } from './types.js';

/**
 * accepted: appended to our log, or sent on to the leader. It may still be lost with its leader: only seeing it applied
 * proves it. dropped, overloaded: it will certainly not take effect.
 */
export type ProposeResult =
  | { readonly status: 'accepted'; readonly forwarded: boolean }
  | { readonly status: 'dropped'; readonly reason: RefusalReason }
  | { readonly status: 'overloaded' };

/** Reasons on the wire (`rejectHint` of proposeResp), by place. Only ever add at the end. */
const REASONS: readonly RefusalReason[] = [
  'noLeader',
  'overloaded',
  'transferring',
  'confChangePending',
  'confChangeInvalid',
];

/** Proposes one entry per element of `data`. Many calls before one Ready make one append. */
export function propose(core: Core, data: readonly Uint8Array[], context: string): ProposeResult {
  return route(core, 'normal', data, context);
}

/** Proposes a membership change. */
export function proposeConfChange(core: Core, change: ConfChange, context: string): ProposeResult {
  return route(core, 'confChange', [encodeConfChange(change)], context);
}

function route(core: Core, type: Entry['type'], data: readonly Uint8Array[], context: string): ProposeResult {
  if (core.role === 'leader') {
    const reason = leaderAppend(core, type, data);
    if (reason === undefined) return { status: 'accepted', forwarded: false };
    return reason === 'overloaded' ? { status: 'overloaded' } : { status: 'dropped', reason };
  }
  if (core.leader === 0) return { status: 'dropped', reason: 'noLeader' };
  const entries = data.map((bytes): Entry => ({ term: 0, index: 0, type, data: bytes }));
  core.forward('propose', core.leader, { entries, context });
  return { status: 'accepted', forwarded: true };
}

/** A member forwarded proposals. Never forwarded twice: a refusal tells the member to look for the leader again. */
export function onPropose(core: Core, m: Message): void {
  const type = m.entries[0]?.type ?? 'normal';
  const reason: RefusalReason | undefined =
    core.role === 'leader'
      ? leaderAppend(
          core,
          type,
          m.entries.map((e) => e.data),
        )
      : 'noLeader';
  if (reason === undefined) return;
  core.forward('proposeResp', m.from, { context: m.context, reject: true, rejectHint: REASONS.indexOf(reason) });
}

/** The leader refused what we forwarded. */
export function onProposeResponse(core: Core, m: Message): void {
  core.refusals.push({ kind: 'proposal', context: m.context, reason: REASONS[m.rejectHint] ?? 'noLeader' });
}

/** Appends, or says why not; then nothing was appended. */
function leaderAppend(core: Core, type: Entry['type'], data: readonly Uint8Array[]): RefusalReason | undefined {
  if (core.transferee !== 0) return 'transferring';
  if (type === 'confChange') {
    const reason = refuseConfChange(core, data);
    if (reason !== undefined) return reason;
  }
  if (!appendOwn(core, type, data)) return 'overloaded';
  if (type === 'confChange') core.pendingConfIndex = core.log.lastIndex;
  return undefined;
}

function refuseConfChange(core: Core, data: readonly Uint8Array[]): RefusalReason | undefined {
  const first = data[0];
  if (first === undefined || data.length !== 1) return 'confChangeInvalid';
  // One change at a time, and none before an entry of this term is committed: the flaw in single-server changes that
  // Ongaro reported on raft-dev in 2015.
  if (core.pendingConfIndex > core.log.applied || !core.termOpened) return 'confChangePending';
  try {
    const change = decodeConfChange(first);
    // Leaving the joint configuration comes first.
    if (isJoint(core.members) && change.steps.length > 0) return 'confChangePending';
    changeMembers(core.members, change);
    return undefined;
  } catch (error) {
    if (error instanceof ConfChangeError) return 'confChangeInvalid';
    throw error;
  }
}

/** Appends entries of our own term; false when the bound on uncommitted bytes would be passed. Empty data always fits. */
export function appendOwn(core: Core, type: Entry['type'], data: readonly Uint8Array[]): boolean {
  const { log, term } = core;
  let index = log.lastIndex;
  const entries = data.map((bytes): Entry => {
    index += 1;
    return { term, index, type, data: bytes };
  });
  const bytes = entriesBytes(entries);
  const isProtocol = type === 'confChange' || data.every((d) => d.length === 0);
  if (!isProtocol && !core.uncommitted.admits(bytes)) return false;
  log.append(entries);
  core.uncommitted.add(index, bytes);
  core.catchUp.proposed(bytes);
  const own = core.progress.get(core.id);
  if (own !== undefined) own.next = index + 1;
  if (core.broadcast === 'nothing') core.broadcast = 'entries';
  return true;
}
