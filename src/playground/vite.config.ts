import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  base: '/playground/',
  build: {
    outDir: '../../dist/playground',
    emptyOutDir: true,
    rolldownOptions: { checks: { moduleLevelDirective: false } }, // "use client" means nothing here, a hundred times
    chunkSizeWarningLimit: 5_000, // kB: the Monaco editor is that big
  },
});
