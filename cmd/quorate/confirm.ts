import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { FatalError } from '../../internal/machinery/assert.js';

/** Asks before something is undone for good. Throws FatalError for every answer but yes, also where nobody is there to answer. */
export async function confirm(question: string): Promise<void> {
  const line = createInterface({ input: process.stdin });
  try {
    process.stdout.write(question);
    const closed = once(line, 'close').then(() => '');
    const answer = await Promise.race([once(line, 'line').then(([text]) => String(text)), closed]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new FatalError('aborted: nothing was changed (--force does not ask)');
  } finally {
    line.close();
  }
}
