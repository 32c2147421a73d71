import { randomUUID } from 'node:crypto';
import { ensureChild, str } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

/** A limit range without a name gets one (limitrangeStrategy.PrepareForCreate). */
export const limitRanges: Strategy = {
  prepareForCreate(_ctx, range) {
    const meta = ensureChild(range, 'metadata');
    if (str(meta, 'name') === '') meta['name'] = randomUUID();
  },
};
