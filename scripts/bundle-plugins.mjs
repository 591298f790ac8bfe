// @ts-check
// What esbuild is told of packages that do not say it of themselves.

/**
 * Marks imports of these packages, and those within them, as droppable.
 *
 * @param {readonly string[]} packages
 * @returns {import('esbuild').Plugin}
 */
export function pureImports(packages) {
  const inside = Symbol('resolving');
  return {
    name: 'pure-imports',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /./ }, async ({ path, pluginData, importer, kind, resolveDir }) => {
        const internal = packages.some((name) => importer.includes(`/node_modules/${name}/`));
        if (pluginData === inside || !(internal || isOf(packages, path))) return;
        const result = await resolve(path, { importer, kind, resolveDir, pluginData: inside });
        return { ...result, pluginData: undefined, sideEffects: false };
      });
    },
  };
}

/**
 * Puts an empty module in the place of these packages.
 *
 * @param {readonly string[]} packages
 * @returns {import('esbuild').Plugin}
 */
export function absentPackages(packages) {
  return {
    name: 'absent-packages',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^./]/ }, ({ path }) => (isOf(packages, path) ? { path, namespace: 'absent' } : undefined));
      // CommonJS, of which any name may be imported.
      onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports={};' }));
    },
  };
}

/** @param {readonly string[]} packages names or scopes @param {string} path of an import */
function isOf(packages, path) {
  return packages.some((name) => path === name || path.startsWith(`${name}/`));
}
