import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const at = (path: string): string => join(root, path);
const build = () => spawnSync(process.execPath, [at('scripts/build.ts')], { encoding: 'utf8' });

test('the build writes the whole program once, and removes files without a source', () => {
  mkdirSync(at('dist/src'), { recursive: true });
  writeFileSync(at('dist/src/no-longer-there.js'), '');
  expect(build()).toMatchObject({ status: 0, stderr: '' });
  const sources = globSync('{src,migrations}/**/*.*', {
    cwd: root,
    exclude: ['src/playground/**', 'src/tracker/**'],
  });
  const missing = sources.filter((path) => !existsSync(at(join('dist', path.replace(/\.ts$/, '.js')))));
  expect(missing).toEqual([]);
  expect(existsSync(at('dist/src/no-longer-there.js'))).toBe(false);
  for (const path of ['playground/index.html', 'tracker/t.js', 'docs/index.html'])
    expect([path, existsSync(at(`dist/${path}`))]).toEqual([path, true]);
  expect(readFileSync(at('dist/src/main.js'), 'utf8')).not.toMatch(/from '\..*\.ts'/);

  expect(build()).toMatchObject({ status: 0, stderr: '', stdout: 'Building ...\n' });
}, 120_000);
