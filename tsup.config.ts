import { defineConfig } from 'tsup';

// One program in pieces, and beside it that of a thread. V8 keeps the source text of all that it has loaded in the heap, and
// lets the heap grow to a multiple of what lives there: so what a command does not need is a piece of its own, loaded by
// `import()`, and there is no white space between words. Names and lines stay as they are read in a stack trace; source
// maps tell the place. Only packages with native code stay outside: their loaders find the prebuilt binary relative to
// their own folder.
export default defineConfig({
  entry: { quorate: 'cmd/quorate/main.ts', 'yaml-worker': 'internal/schema/codec/yaml-worker.ts' },
  tsconfig: 'tsconfig.build.json',
  format: 'esm',
  target: 'node20',
  platform: 'node',
  outDir: 'dist',
  sourcemap: true,
  clean: true,
  splitting: true,
  minifyWhitespace: true,
  esbuildOptions(options) {
    options.lineLimit = 160;
  },
  external: ['lmdb', 'uWebSockets.js', 'msgpackr', 'msgpackr-extract'],
  noExternal: [/^(?!lmdb$|uWebSockets\.js$|msgpackr$|msgpackr-extract$).*/],
  banner: {
    // Bundled CommonJS packages still call require for node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
