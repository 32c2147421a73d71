import type { Message, MessageType, NodeId } from './types.js';

/** A message with every field present, so that all messages have one shape. */
export function message(
  type: MessageType,
  from: NodeId,
  to: NodeId,
  term: number,
  fields: Partial<Omit<Message, 'type' | 'from' | 'to' | 'term'>> = {},
): Message {
  const m: Message = {
    type,
    from,
    to,
    term,
    index: fields.index ?? 0,
    logTerm: fields.logTerm ?? 0,
    commit: fields.commit ?? 0,
    entries: fields.entries ?? [],
    reject: fields.reject ?? false,
    rejectHint: fields.rejectHint ?? 0,
    context: fields.context ?? '',
  };
  return fields.snapshot === undefined ? m : { ...m, snapshot: fields.snapshot };
}

/** Context of the vote requests of a campaign that a leader asked for: voters set their lease aside. */
export const CAMPAIGN_TRANSFER = 'transfer';

/** Context of the rejection with which a member that knows no membership yet asks for a snapshot. */
export const NEED_SNAPSHOT = 'needSnapshot';
