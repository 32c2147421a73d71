import { expect, test } from 'vitest';
import about from '../../package.json' with { type: 'json' };
import { nodeFault } from './node-version.js';

test('a Node that quorate does not run on is told in a sentence', () => {
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '22.21.1', process.versions.node])
    expect(nodeFault(version), version).toBeUndefined();
  for (const version of ['18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.0.0', '24.1.0'])
    expect(nodeFault(version)).toBe(
      `this is Node ${version}, and quorate needs 20.19 or a later 20, or 22.12 or a later 22: install one of them, and put it first in PATH`,
    );
  // What npm is told of it.
  expect(about.engines.node).toBe('>=20.19.0 <21 || >=22.12.0 <23');
});
