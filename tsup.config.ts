import { defineConfig } from 'tsup';

// One runnable bundle, and beside it the program of a thread. Only packages with native code stay outside it: their loaders find the
// prebuilt binary relative to their own folder.
export default defineConfig({
  entry: { quorate: 'cmd/quorate/main.ts', 'yaml-worker': 'internal/schema/codec/yaml-worker.ts' },
  tsconfig: 'tsconfig.build.json',
  format: 'esm',
  target: 'node20',
  platform: 'node',
  outDir: 'dist',
  sourcemap: true,
  clean: true,
  splitting: false,
  external: ['lmdb', 'uWebSockets.js', 'msgpackr', 'msgpackr-extract'],
  noExternal: [/^(?!lmdb$|uWebSockets\.js$|msgpackr$|msgpackr-extract$).*/],
  banner: {
    // Bundled CommonJS packages still call require for node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
