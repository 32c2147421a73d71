import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { isThere } from '../machinery/directory.js';
import type { ConfState } from '../raft/index.js';
import { checkState, type StateCheck } from '../store/check.js';
import { messageOf } from '../store/lmdb.js';
import { hashText } from '../store/meta.js';
import { StateStore } from '../store/state.js';
import { lockDirectory } from './lock.js';
import { FORMER_LOG_DIRECTORY, LOG_DIRECTORY, LogStore } from './log.js';
import { STATE_DIRECTORY } from './reseed.js';

export interface CheckReport extends StateCheck {
  readonly revision: number;
  /** Equal on all replicas at equal revision. */
  readonly stateHash: string;
  readonly logFirst: number;
  readonly logLast: number;
  readonly applied: number;
  /** One sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

const NOBODY: ConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/**
 * Reads a stopped replica's data directory from end to end: every record of log and state against its checksum, and the
 * tables against each other. Throws FatalError when it is in use, or cannot be read at all.
 */
export async function checkDataDirectory(dataDir: string): Promise<CheckReport> {
  if (![LOG_DIRECTORY, FORMER_LOG_DIRECTORY].some((name) => isThere(join(dataDir, name))))
    throw new FatalError(`${dataDir} holds no replica's data. Check --data-dir.`);
  const lock = lockDirectory(dataDir);
  try {
    return await checkLocked(dataDir);
  } finally {
    lock.release();
  }
}

async function checkLocked(dataDir: string): Promise<CheckReport> {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  const nothing = (): void => undefined;
  const log = await LogStore.open({
    path: join(dataDir, LOG_DIRECTORY),
    formerPath: join(dataDir, FORMER_LOG_DIRECTORY),
    stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),
    onDiskFull: nothing,
  });
  try {
    const state = new StateStore({
      path: join(dataDir, log.getFact(STATE_DIRECTORY)?.toString() ?? 'state'),
      conf: NOBODY,
      members: new Map(),
      onVisible: nothing,
      onDurable: nothing,
      onDiskFull: nothing,
      onFatal: (error) => report(error.message),
    });
    try {
      const { meta } = state;
      const counts = checkState(state.snapshot, meta, report);
      checkLog(log, meta.appliedIndex, report);
      return {
        ...counts,
        revision: meta.revision,
        stateHash: hashText(meta),
        logFirst: log.firstIndex(),
        logLast: log.lastIndex(),
        applied: meta.appliedIndex,
        problems,
      };
    } finally {
      await state.close();
    }
  } finally {
    await log.close();
  }
}

function checkLog(log: LogStore, applied: number, report: (problem: string) => void): void {
  const { lost } = log;
  if (lost !== undefined)
    report(`the Raft log is damaged: ${lost.reason}; what is behind entry ${lost.last.index} is whole`);
  const [first, last] = [log.firstIndex(), log.lastIndex()];
  if (applied < first - 1) report(`the log begins at ${first}, but the state has applied only up to ${applied}`);
  if (applied > last) report(`the log ends at ${last}, but the state has applied up to ${applied}`);
  let term = log.term(first - 1) ?? 0;
  for (let index = first; index <= last; index++) {
    try {
      for (const entry of log.entries(index, index + 1, Number.POSITIVE_INFINITY)) {
        if (entry.term < term) report(`entry ${index} of the log is of term ${entry.term}, after one of term ${term}`);
        term = entry.term;
      }
    } catch (error) {
      report(messageOf(error));
    }
  }
}
