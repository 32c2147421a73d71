import type { Strategy } from '../types.js';

const podDisruptionBudgets: Strategy = {
  prepareForCreate(_ctx, pdb) {
    pdb['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
};

/** Resources of the policy group by their plural name. */
export const policy: Readonly<Record<string, Strategy>> = { poddisruptionbudgets: podDisruptionBudgets };
