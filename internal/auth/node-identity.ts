import type { UserInfo } from './types.js';

const PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';

/** The node that a user is, '' for a node user without a name; undefined for users that are no nodes (nodeidentifier). */
export function nodeOf({ username, groups }: UserInfo): string | undefined {
  if (!username.startsWith(PREFIX) || !groups.includes(NODES_GROUP)) return undefined;
  return username.slice(PREFIX.length);
}
