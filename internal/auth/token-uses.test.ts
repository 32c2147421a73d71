import { expect, test } from 'vitest';
import { tokenUseMetrics, tokenUses } from './token-uses.js';

test('tokens of service accounts are counted by what they are', () => {
  const before = { ...tokenUses };
  Object.assign(tokenUses, { valid: 1, stale: 2, legacy: 3 });
  expect([...tokenUseMetrics()].join('').split('\n')).toEqual([
    '# HELP serviceaccount_legacy_tokens_total Cumulative legacy service account tokens used',
    '# TYPE serviceaccount_legacy_tokens_total counter',
    'serviceaccount_legacy_tokens_total 3',
    '# HELP serviceaccount_stale_tokens_total Cumulative stale projected service account tokens used',
    '# TYPE serviceaccount_stale_tokens_total counter',
    'serviceaccount_stale_tokens_total 2',
    '# HELP serviceaccount_valid_tokens_total Cumulative valid projected service account tokens used',
    '# TYPE serviceaccount_valid_tokens_total counter',
    'serviceaccount_valid_tokens_total 1',
    '',
  ]);
  Object.assign(tokenUses, before);
});
