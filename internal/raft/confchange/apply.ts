import type { ConfChange } from '../types.js';
import { changeSimple, enterJoint, leaveJoint } from './changer.js';
import type { Members } from './members.js';

/** The membership after `change`. Throws ConfChangeError when the present one does not allow it. */
export function changeMembers(members: Members, change: ConfChange): Members {
  if (change.steps.length === 0) return leaveJoint(members);
  if (change.transition !== 'auto' || change.steps.length > 1) {
    return enterJoint(members, change.steps, change.transition !== 'explicit');
  }
  return changeSimple(members, change.steps);
}
