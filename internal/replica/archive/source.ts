import { stateHashOf } from '../../store/meta.js';
import type { StateStore } from '../../store/state.js';
import type { Backup } from '../backup.js';
import type { LogLevel } from '../config.js';
import type { Driver } from '../driver.js';
import type { LogStore } from '../log.js';
import type { AppendTimes } from './append-times.js';
import type { ArchiveSource } from './archiver.js';

/** A running replica as its archive sees it. */
export function archiveSource(parts: {
  readonly member: string;
  readonly cluster: number;
  readonly driver: Driver;
  readonly log: LogStore;
  readonly state: StateStore;
  readonly times: AppendTimes;
  readonly backup: () => Promise<Backup>;
  readonly say: (level: LogLevel, text: string) => void;
}): ArchiveSource {
  const { member, cluster, driver, log, state, times, backup, say } = parts;
  return {
    member,
    cluster,
    leads: () => driver.leads,
    applied: () => {
      const { meta } = state;
      if (state.halted) return undefined;
      return { index: meta.appliedIndex, revision: meta.revision, changes: stateHashOf(meta).changes };
    },
    firstIndex: () => log.firstIndex(),
    lastIndex: () => log.lastIndex(),
    indexBefore: (bytes) => log.indexBefore(bytes),
    entries: (lo, hi, bytesMax) => log.entries(lo, hi, bytesMax),
    timeOf: (index) => times.timeOf(index),
    backup,
    say,
  };
}
