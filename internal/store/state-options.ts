import type { FatalError } from '../machinery/assert.js';
import type { MemberInfo, StoredConfState } from './meta.js';

/** What a state store is opened with. */
export interface StateOptions {
  readonly path: string;
  /** Membership and particulars that an empty state begins with. */
  readonly conf: StoredConfState;
  readonly members: ReadonlyMap<number, MemberInfo>;
  /** The lineage that an empty state begins with. */
  readonly lineage?: string;
  readonly mapSize?: number;
  /** After `visible` moved; synchronous. */
  readonly onVisible: () => void;
  /** After `durableIndex` moved. */
  readonly onDurable: () => void;
  /** The disk is full (retried every second), or works again (undefined). */
  readonly onDiskFull: (error: Error | undefined) => void;
  readonly onFatal: (error: FatalError) => void;
  /**
   * Do other voters hold the state too? Then an entry that meets a damaged record is not applied. Otherwise this state is
   * the only one, and a damaged record can be written over or deleted.
   */
  readonly othersHoldState?: () => boolean;
  /** Seconds from handing a commit to LMDB until it is visible. */
  readonly observeCommit?: (seconds: number, writes: number) => void;
}
