import type { Core } from './core.js';
import type { Progress } from './progress/progress.js';
import type { NodeId } from './types.js';

/**
 * One heartbeat. The commit index is cut to what the member is known to have; the context names the latest read round,
 * so that any heartbeat can confirm it.
 */
function sendHeartbeat(core: Core, to: NodeId, peer: Progress): void {
  core.send('heartbeat', to, {
    commit: Math.min(peer.match, core.log.committed),
    context: core.reads.round === 0 ? '' : String(core.reads.round),
  });
}

/** A heartbeat to every other member. */
export function broadcastHeartbeat(core: Core): void {
  for (const [id, peer] of core.progress) if (id !== core.id) sendHeartbeat(core, id, peer);
}
