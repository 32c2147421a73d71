// Whether reads have become slower, or replicas larger: GET, LIST and watches of this build beside another one, in turn,
// and what a replica holds in memory (RssAnon) before, after writes, and after all. Not part of scripts/bench.
//
//   npx tsx bench/reads.ts [--other CHECKOUT] [--rounds 5] [--seconds 3] [--replicas 1] [--only get]
import { parseArgs } from 'node:util';
import { type Build, endBuilds, inTurn, pause, ratio, startBuilds, sumOf } from './builds.js';
import { type Figure, load } from './load.js';
import { anonymousMib, cpuSeconds } from './process-figures.js';
import { median } from './report.js';
import { configMap, seed } from './seed.js';
import { watchFanOut } from './watch-fanout.js';

const { values } = parseArgs({
  options: {
    other: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '1' },
    /** Objects that are written before memory is looked at. */
    objects: { type: 'string', default: '20000' },
    /** Only the cases whose names match; memory is not looked at. */
    only: { type: 'string', default: '' },
  },
});
const seconds = Number(values.seconds);
let unique = 0;

const read = (address: string, what: string, connections: number): Promise<Figure> =>
  load({ url: `${address}/api/v1/namespaces/${what}`, connections, seconds });
const CASES: readonly { readonly name: string; readonly run: (address: string) => Promise<Figure> }[] = [
  { name: 'get, 32 clients', run: (a) => read(a, 'bench/configmaps/o-0', 32) },
  { name: 'list of 500, 4 clients', run: (a) => read(a, 'bench/configmaps', 4) },
  { name: 'watch, 100 watchers x 200 events', run: (a) => watchFanOut(a, `watch-${unique++}`, 100, 200) },
];

const memory = (builds: readonly Build[], when: string): void => {
  const figures = builds.map((build) => {
    const mib = sumOf(build, anonymousMib) / build.cluster.replicas;
    return `${build.name} ${mib.toFixed(0)} MiB`;
  });
  console.log(`anonymous memory of a replica, ${when}: ${figures.join(', ')}`);
};

const builds = await startBuilds(values.other, Number(values.replicas));
try {
  memory(builds, 'at first');
  for (const { cluster } of builds) await seed(cluster.address, 'bench', 500, 1000);
  for (const { name, run } of CASES.filter((one) => new RegExp(values.only).test(one.name))) {
    const rates = new Map<Build, number[]>(builds.map((build) => [build, []]));
    const cpu = new Map<Build, number[]>(builds.map((build) => [build, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const build of inTurn(builds, round)) {
        const before = sumOf(build, cpuSeconds);
        const { perSecond, count, errors } = await run(build.cluster.address);
        if (errors > 0) console.log(`${build.name}: ${errors} errors`);
        rates.get(build)?.push(perSecond);
        cpu.get(build)?.push(((sumOf(build, cpuSeconds) - before) * 1e6) / count);
      }
    }
    const rate = (build: Build): number => median(rates.get(build) ?? []);
    const cost = (build: Build): number => median(cpu.get(build) ?? []);
    for (const build of builds) {
      console.log(`${name}, ${build.name}: ${rate(build).toFixed(0)}/s, ${cost(build).toFixed(0)} us of CPU each`);
    }
    if (builds.length > 1) console.log(`${name}: rate${ratio(rate, builds)}, CPU${ratio(cost, builds)}`);
  }
  const objects = values.only === '' ? Number(values.objects) : 0;
  for (const build of builds) {
    const url = `${build.cluster.address}/api/v1/namespaces/default/configmaps`;
    if (objects > 0)
      await load({
        url,
        connections: 32,
        amount: objects,
        body: () => configMap(`m-${process.pid}-${unique++}`, 1000),
      });
  }
  memory(builds, `after ${objects} creates`);
  if (objects > 0) await pause(10_000);
  memory(builds, 'ten seconds later');
} finally {
  await endBuilds(builds);
}
