import { startCluster } from '../testing/cluster.js';
import { storeSuite } from './suite.testkit.js';

storeSuite('the store of one replica', {
  open: async () => {
    const cluster = await startCluster();
    return {
      backend: cluster.replica(0).backend,
      compact: (revision) => cluster.replica(0).compact(revision),
      restart: async () => {
        const { stateHash } = cluster.replica(0).status();
        await cluster.stop(0);
        const again = await cluster.start(0);
        await again.ready();
        if (again.status().stateHash !== stateHash) throw new Error('the state is not what it was');
        return again.backend;
      },
      close: () => cluster.close(),
    };
  },
});

storeSuite('the store of three replicas, through one that follows', {
  skip: ['restart'],
  open: async () => {
    const cluster = await startCluster({ size: 3, unsafeNoTls: true });
    const leader = await cluster.leader();
    const { backend } = cluster.replica((leader + 1) % 3);
    return {
      backend,
      compact: async (revision) => {
        await cluster.replica(leader).compact(revision);
        await backend.readBarrier();
      },
      restart: () => Promise.reject(new Error('one of three is started again in other tests')),
      close: () => cluster.close(),
    };
  },
});
