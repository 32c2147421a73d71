import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { drive, NAMESPACE, TERMINATING } from './calls/drive.js';
import { Driver } from './calls/driver.js';
import { readShapes } from './calls/shapes.js';
import { type E2eCluster, repoRoot, startCluster } from './cluster.js';

/** A list of calls, kept beside the repository; it holds no answers but status codes. */
const LIST = path.resolve(repoRoot, '../shared/clients/calls.jsonl');
const there = fs.existsSync(LIST);
if (!there) console.warn(`skipped: ${LIST} is not there, which lists the calls of real components`);

describe.skipIf(!there)('what kubelets, controllers, the scheduler and kubectl ask for', () => {
  let cluster: E2eCluster;
  let driver: Driver;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1 });
    driver = new Driver(cluster.url(1));
    await driver.namespace(NAMESPACE);
    await driver.terminating(TERMINATING);
  }, 180_000);
  afterAll(async () => {
    driver.close();
    await cluster.down();
  });

  const shapes = there ? readShapes(LIST) : [];
  describe.each(['json', 'protobuf'] as const)('in %s', (encoding) => {
    for (const [i, shape] of shapes.entries()) {
      const query = shape.query === '' ? '' : `?${shape.query}`;
      it(`${i + 1}: ${shape.client} ${shape.verb} ${shape.path}${query}`, async () => {
        await drive(driver, shape, encoding);
      });
    }
  });
});
