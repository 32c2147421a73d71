import { resolve, sep } from 'node:path';
import { FatalError } from '../../internal/machinery/assert.js';
import { archivePlace } from '../../internal/replica/archive/place.js';
import type { ReplicaConfig } from '../../internal/replica/index.js';
import type { Flag, FlagValues } from './flags.js';

/** A restore applies all that was written since the last copy: neither more than this often, nor hardly ever. */
const INTERVAL_MIN_MS = 1_000;
const BASE_INTERVAL_MIN_MS = 60_000;

export const ARCHIVE_FLAGS: readonly Flag[] = [
  {
    name: 'archive-to',
    type: 'string',
    help: 'Directory (file:///path) or store (s3://bucket/prefix?endpoint=https://host), the same for every replica, in which the leader keeps copies of the state and the log between them, to restore any moment.',
  },
  {
    name: 'archive-interval',
    type: 'duration',
    default: '10s',
    help: 'What was written is in the archive after this time, or when it is 4 MiB.',
  },
  {
    name: 'archive-snapshot-interval',
    type: 'duration',
    default: '24h0m0s',
    help: 'The whole state is archived again after this time, or when the log since then is 1 GiB.',
  },
  {
    name: 'archive-retention',
    type: 'duration',
    default: '168h0m0s',
    help: 'Moments older than this need not be restored to, and are removed; 0 keeps everything.',
  },
];

/** What is wrong with the flags of the archive. */
export function archiveFaults(flags: FlagValues): string[] {
  const url = flags.string('archive-to');
  if (url === '') return [];
  const wrong: string[] = [];
  try {
    const { root } = archivePlace(url, process.env);
    const dataDir = resolve(flags.string('data-dir'));
    if (root !== undefined && (root === dataDir || root.startsWith(dataDir + sep)))
      wrong.push(`--archive-to ${url} is within --data-dir, and would be lost with it: name another disk`);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    wrong.push(`--archive-to ${error.message}`);
  }
  if (flags.duration('archive-interval') < INTERVAL_MIN_MS) wrong.push('--archive-interval must be at least 1s');
  if (flags.duration('archive-snapshot-interval') < BASE_INTERVAL_MIN_MS)
    wrong.push('--archive-snapshot-interval must be at least 1m0s');
  return wrong;
}

/** How the archive is kept, where one is. */
export function archiveOf(flags: FlagValues): Pick<ReplicaConfig, 'archive'> {
  const url = flags.string('archive-to');
  if (url === '') return {};
  const place = archivePlace(url, process.env);
  return {
    archive: {
      target: (cluster) => place.target(cluster),
      intervalMs: flags.duration('archive-interval'),
      baseIntervalMs: flags.duration('archive-snapshot-interval'),
      retentionMs: flags.duration('archive-retention'),
    },
  };
}
