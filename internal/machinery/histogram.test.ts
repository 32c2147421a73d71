import { expect, test } from 'vitest';
import { boundText, Histograms } from './histogram.js';

test('bounds are written as Go writes them', () => {
  const texts = [0, 0.005, 1e-4, 1e-5, 2.5e-6, 1, 1.25, 60, 999_999, 1e6, 1.5e6, 1e9, 1e21].map(boundText);
  const wanted = '0 0.005 0.0001 1e-05 2.5e-06 1 1.25 60 999999 1e+06 1.5e+06 1e+09 1e+21';
  expect(texts).toEqual(wanted.split(' '));
});

test('buckets count what is at most their bound, with what the ones below count', () => {
  const sizes = new Histograms('sizes', 'Sizes.', [10, 1e6]);
  const series = sizes.seriesOf('verb="GET"');
  for (const size of [10, 11, 2e6]) sizes.observe(series, size);
  expect([...sizes.render()].join('')).toBe(`# HELP sizes Sizes.
# TYPE sizes histogram
sizes_bucket{verb="GET",le="10"} 1
sizes_bucket{verb="GET",le="1e+06"} 2
sizes_bucket{verb="GET",le="+Inf"} 3
sizes_sum{verb="GET"} 2000021
sizes_count{verb="GET"} 3
`);
});
