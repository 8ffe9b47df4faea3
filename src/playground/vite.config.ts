import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/playground/',
  build: {
    outDir: '../../dist/playground',
    emptyOutDir: true,
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // the directive "use client" has no effect here and would warn a hundred times
    chunkSizeWarningLimit: 5_000, // kB: the size of the Monaco editor
  },
});
