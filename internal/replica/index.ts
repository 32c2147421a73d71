import { makeDirectory } from '../machinery/directory.js';
import { type ReplicaConfig, validateConfig } from './config.js';
import { lockDirectory } from './lock.js';
import { RunningReplica } from './running.js';
import type { Replica } from './types.js';

export type { Backup } from './backup.js';
export { planRecovery, recover, type RecoveryPlan, restoreSnapshot, verifySnapshot } from './refound.js';
export { SnapshotFile, type SnapshotFileHeader } from './snapshot-file.js';
export { checkDataDirectory, type CheckReport } from './check.js';
export type { LogLevel, MemberAddress, Observed, PeerTls, ReplicaConfig } from './config.js';
export { MembershipError } from './membership.js';
export type { Replica, ReplicaMember, ReplicaStatus } from './types.js';
export { DifferingStateError } from './verify.js';

/** Opens the data directory and starts the replica. Throws FatalError with what to do when it cannot run. */
export async function openReplica(config: ReplicaConfig): Promise<Replica> {
  validateConfig(config);
  makeDirectory(config.dataDir, 0o700);
  const lock = lockDirectory(config.dataDir);
  const running = new RunningReplica(config, lock);
  try {
    await running.start();
  } catch (error) {
    await running.close();
    throw error;
  }
  return running;
}
