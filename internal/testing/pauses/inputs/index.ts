import type { Input } from '../input.js';
import { answers } from './answers.js';
import { auth } from './auth.js';
import { bounds } from './bounds.js';
import { custom } from './custom.js';
import { definitions } from './definitions.js';
import { patches } from './patches.js';
import { identities } from './identities.js';
import { large } from './large.js';
import { ownership } from './ownership.js';
import { parsers } from './parsers.js';
import { reads } from './reads.js';
import { REFUSED } from './refused.js';
import { refusals } from './refusals.js';
import { streams } from './streams.js';
import { togethers } from './together.js';
import { values } from './values.js';
import { workloads } from './workloads.js';

const all: readonly Input[] = [
  ...parsers,
  ...values,
  ...workloads,
  ...auth,
  ...patches,
  ...ownership,
  ...definitions,
  ...custom,
  ...bounds,
  ...large,
  ...reads,
  ...togethers,
  ...refusals,
  ...identities,
  ...answers,
  ...streams,
];

/** Every input that the rule is checked with. */
export const inputs: readonly Input[] = all.map((input) => {
  const code = REFUSED[input.name];
  return code === undefined ? input : { ...input, refused: [code] };
});
