import type { Core } from './core.js';
import type { NodeId } from './types.js';

/** Tells a caught-up member to campaign at once (dissertation, 3.10). */
export function sendTimeoutNow(core: Core, to: NodeId): void {
  core.send('timeoutNow', to);
}
