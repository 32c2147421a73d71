import { describe, expect, it } from 'vitest';
import { resources } from '../schema/resources.js';
import { combined, strategyFor } from './index.js';

describe('the strategy of a resource', () => {
  it('can be put together for every one that is built in', () => {
    for (const { storage } of resources) expect(() => strategyFor(storage.group, storage.resource)).not.toThrow();
  });
  it('is refused when two of its parts have the same member', () => {
    expect(() => combined('things', { nameRule: 'any' }, { generation: false }, { nameRule: 'longName' })).toThrow(
      'two parts of the strategy of things have nameRule',
    );
  });
});
