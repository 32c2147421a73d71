import type { Core } from './core.js';
import { broadcastHeartbeat } from './heartbeat.js';
import { jointIndex } from './quorum/joint.js';
import { confirmReads } from './reads.js';
import { feedThoseBehind, sendAppend } from './replicate.js';
import { becomeFollower } from './roles.js';
import type { Message } from './types.js';

/** A member answered a heartbeat: it lives, and may have lost an append. */
export function onHeartbeatResponse(core: Core, m: Message): void {
  const peer = core.progress.get(m.from);
  if (peer === undefined) return;
  peer.recentActive = true;
  peer.paused = false;
  const round = m.context === '' ? 0 : Number(m.context);
  if (round > peer.ackedRound) {
    peer.ackedRound = round;
    confirmReads(core);
  }
  if (peer.match < core.log.lastIndex || peer.state === 'probe') sendAppend(core, m.from, peer, true);
}

/** One tick of a leader. */
export function tickLeader(core: Core): void {
  core.heartbeatElapsed += 1;
  core.electionElapsed += 1;
  core.catchUp.tick(core.log.committed, core.log.lastIndex);
  feedThoseBehind(core);
  if (core.electionElapsed >= core.config.electionTicks) {
    core.electionElapsed = 0;
    if (core.config.checkQuorum && !checkQuorum(core)) {
      becomeFollower(core, core.term, 0);
      return;
    }
  }
  core.transferElapsed += 1;
  // A transfer that took an election timeout has failed (dissertation, 3.10).
  if (core.transferElapsed >= core.config.electionTicks) core.transferee = 0;
  if (core.heartbeatElapsed >= core.config.heartbeatTicks) {
    core.heartbeatElapsed = 0;
    broadcastHeartbeat(core);
  }
}

/** Was a quorum heard of since the last check? Starts the next period. */
function checkQuorum(core: Core): boolean {
  const heard = jointIndex(core.members, (id) =>
    id === core.id || core.progress.get(id)?.recentActive === true ? 1 : 0,
  );
  for (const [id, peer] of core.progress) if (id !== core.id) peer.recentActive = false;
  return heard >= 1;
}
