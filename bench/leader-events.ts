import fs from 'node:fs';
import path from 'node:path';
import type { E2eCluster } from '../internal/testing/e2e/cluster.js';

const INTERESTING = /leads in term|no leader in term|standing for election|lost the connection|cannot reach/;

/** What the replicas logged about leaders from `since` (Date.now) on, for four seconds, in ms from then. */
export function leaderEvents(cluster: E2eCluster, since: number): string[] {
  const events: { ms: number; text: string }[] = [];
  for (let i = 1; i <= cluster.replicas; i++) {
    for (const line of fs.readFileSync(path.join(cluster.dir, `r${i}`, 'log'), 'utf8').split('\n')) {
      const time = /^\w\d{4} (\d\d):(\d\d):(\d\d\.\d+)/.exec(line);
      if (time === null || !INTERESTING.test(line)) continue;
      const at = new Date(since);
      at.setHours(Number(time[1]), Number(time[2]), 0, Number(time[3]) * 1000);
      const ms = at.getTime() - since;
      if (ms >= -50 && ms < 4000) events.push({ ms, text: `r${i} ${line.slice(line.indexOf(']') + 1).trim()}` });
    }
  }
  return events.sort((a, b) => a.ms - b.ms).map(({ ms, text }) => `${ms.toFixed(0).padStart(5)} ${text}`);
}
