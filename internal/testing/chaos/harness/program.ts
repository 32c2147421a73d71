import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { patched } from '../../sim/bundle.js';
import { findRealBug } from './bugs.js';
import { repoRoot } from './cluster.js';

/** A build of the program for one run. */
export interface Program {
  readonly file: string;
  remove(): void;
}

/** Packages with native code find their binary beside themselves (as in tsup.config.ts). */
const EXTERNAL = ['lmdb', 'uWebSockets.js', 'msgpackr', 'msgpackr-extract'];
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Builds `quorate` with deliberate bugs in it. Throws when one no longer fits the source. */
export async function buildWithBugs(bugNames: readonly string[]): Promise<Program> {
  const bugs = bugNames.map(findRealBug);
  // Inside the repository, so that packages with native code are found.
  const out = mkdtempSync(path.join(repoRoot, 'node_modules/.quorate-chaos-'));
  const file = path.join(out, 'quorate.js');
  const remove = (): void => rmSync(out, { recursive: true, force: true });
  try {
    await build({
      entryPoints: [path.join(repoRoot, 'cmd/quorate/main.ts')],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      tsconfig: path.join(repoRoot, 'tsconfig.build.json'),
      external: EXTERNAL,
      banner: { js: REQUIRE },
      plugins: [patched(bugs)],
      logLevel: 'error',
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { file, remove };
}
