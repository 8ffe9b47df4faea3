import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../../dist/tracker',
    emptyOutDir: true,
    target: 'es2019', // the oldest browsers that shop visitors use
    lib: {
      entry: join(import.meta.dirname, 'tracker.ts'),
      formats: ['iife'],
      name: 'portalTracker',
      fileName: () => 't.js',
    },
  },
});
