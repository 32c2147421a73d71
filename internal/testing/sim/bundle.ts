import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { findBug, type Patch } from './bugs.js';

const here = dirname(fileURLToPath(import.meta.url));
const internal = resolve(here, '../..');

/** Where the world begins: these files, or what the product's files under these folders see as these, are simulated. */
const STAND_INS: Readonly<Record<string, string>> = {
  'store/lmdb.ts': 'lmdb.ts',
  'machinery/directory.ts': 'directory.ts',
  'replica/wal/files.ts': 'log-files.ts',
  'store/room.ts': 'room.ts',
  'transport/transport.ts': 'transport.ts',
  'transport/address.ts': 'address.ts',
  'transport/call.ts': 'rpc.ts',
  'transport/fetch.ts': 'rpc.ts',
  'replica/lock.ts': 'lock.ts',
};
const SIMULATED_FOLDERS = ['store/', 'replica/'];

/** The product's clocks, timers and chance, as the bundle sees them. */
const DEFINES: Readonly<Record<string, string>> = {
  'Date.now': '__quorateSim.now',
  'performance.now': '__quorateSim.monotonic',
  'Math.random': '__quorateSim.random',
  setTimeout: '__quorateSim.setTimeout',
  setInterval: '__quorateSim.setInterval',
  setImmediate: '__quorateSim.setImmediate',
  clearTimeout: '__quorateSim.clearTimeout',
  clearInterval: '__quorateSim.clearTimeout',
  clearImmediate: '__quorateSim.clearTimeout',
};

/** Where a run may turn the product's knobs. */
const KNOBS: readonly Patch[] = [
  {
    // As when it was taken to be lost; then a refusal says nothing.
    name: 'proposals handed on twice',
    file: 'replica/proposals.ts',
    find: '      pending.sends++;',
    replace: `      pending.sends++;
      if (__quorateSim.repeats() && pending.proposal.seq > 0) {
        pending.sends++;
        this.#options.propose(pending.payload, String(pending.proposal.seq));
      }`,
  },
  {
    // Settings that a seed draws: small bounds show what large ones hide.
    name: 'settings',
    file: 'raft/raft.ts',
    find: '    validateConfig(config);',
    replace: '    config = { ...config, ...__quorateSim.raftSettings };\n    validateConfig(config);',
  },
  {
    // States are small here, and a snapshot is to break off at any place.
    name: 'chunks of a snapshot',
    file: 'store/snapshot.ts',
    find: 'const CHUNK_BYTES = 256 * 1024;',
    replace: 'const CHUNK_BYTES = 1_000;',
  },
  {
    // Logs are short here, and segments are to begin and to go.
    name: 'size of a segment',
    file: 'replica/wal/segments.ts',
    find: 'const SEGMENT_BYTES = 8 * 1024 * 1024;',
    replace: 'const SEGMENT_BYTES = 16 * 1024;',
  },
  {
    name: 'zeros ahead of the log',
    file: 'replica/wal/segments.ts',
    find: 'const FILL_BYTES = 128 * 1024;',
    replace: 'const FILL_BYTES = 2 * 1024;',
  },
  {
    // A run is too short for the defaults.
    name: 'bytes until a commit',
    file: 'store/state.ts',
    find: 'const COMMIT_BYTES = 8 * 1024 * 1024;',
    replace: 'const COMMIT_BYTES = 3_000;',
  },
  {
    name: 'time until a commit',
    file: 'store/state.ts',
    find: 'const COMMIT_MS = 300_000;',
    replace: 'const COMMIT_MS = 400;',
  },
  {
    name: 'messages of a later release',
    file: 'replica/wire.ts',
    find: 'return packr.pack(wires);',
    replace: 'return packr.pack(__quorateSim.laterMessages(wires));',
  },
  {
    name: 'commands of a later release',
    file: 'store/command.ts',
    find: 'packr.pack(proposal.commands.map(toWire), ',
    replace: 'packr.pack(__quorateSim.laterRows(proposal.commands.map(toWire)), ',
  },
  {
    name: 'snapshots of a later release',
    file: 'store/snapshot.ts',
    find: 'packr.pack([VERSION, table, crcOf(rows), rows] satisfies WireChunk)',
    replace: 'packr.pack(__quorateSim.laterRow([VERSION, table, crcOf(rows), rows]))',
  },
];

export interface Bundle {
  /** File with the simulated product; exports what run.ts exports. */
  readonly path: string;
  remove(): void;
}

/**
 * Builds the product and the simulator into one file in which disk, network, clock and chance are simulated; with
 * `bugName`, also with that deliberate bug in it. Throws when the bug no longer fits the source.
 */
export async function buildBundle(bugName?: string): Promise<Bundle> {
  // Inside the repository, so that packages with native code are found.
  const out = mkdtempSync(join(here, '../../../node_modules/.quorate-sim-'));
  const path = join(out, 'sim.mjs');
  const bug = bugName === undefined ? undefined : findBug(bugName);
  const patches = bug === undefined ? KNOBS : [...KNOBS, bug];
  const fitted = new Set<Patch>();
  await build({
    entryPoints: [join(here, 'run.ts')],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    packages: 'external',
    define: { ...DEFINES },
    plugins: [standIns(), patched(patches, (applied) => fitted.add(applied))],
    logLevel: 'error',
  });
  const lost = patches.find((each) => !fitted.has(each));
  if (lost !== undefined) throw new Error(`${lost.name} is for ${lost.file}, which the simulator does not run`);
  return { path, remove: () => rmSync(out, { recursive: true, force: true }) };
}

function standIns(): Plugin {
  return {
    name: 'stand-ins',
    setup(api) {
      api.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const file = relative(internal, resolve(resolveDir, path.replace(/\.js$/, '.ts')));
        const standIn = STAND_INS[file];
        return standIn === undefined ? undefined : { path: join(here, standIn) };
      });
      api.onResolve({ filter: /^node:(fs|fs\/promises|crypto)$/ }, ({ importer, path }) => {
        const file = relative(internal, importer);
        if (!SIMULATED_FOLDERS.some((folder) => file.startsWith(folder))) return undefined;
        return {
          path: join(here, path === 'node:crypto' ? 'crypto.ts' : path === 'node:fs' ? 'fs.ts' : 'fs-promises.ts'),
        };
      });
    },
  };
}

/**
 * Changes source files on their way into a bundle, and tells of each change made. Building throws for a patch that does
 * not fit.
 */
export function patched(patches: readonly Patch[], onFit: (patch: Patch) => void = () => undefined): Plugin {
  return {
    name: 'patches',
    setup(api) {
      api.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const wanted = patches.filter(({ file }) => resolve(internal, file) === path);
        if (wanted.length === 0) return undefined;
        const source = readFileSync(path, 'utf8');
        const contents = wanted.reduce(applyPatch, source);
        for (const each of wanted) onFit(each);
        return { contents, loader: 'ts' };
      });
    },
  };
}

function applyPatch(source: string, { name, file, find, replace }: Patch): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${name} must fit ${file} exactly once, but fits ${parts.length - 1} times; mend bugs.ts or bundle.ts`,
    );
  }
  return parts.join(replace);
}

export function bundleUrl(bundle: Bundle): string {
  return pathToFileURL(bundle.path).href;
}
