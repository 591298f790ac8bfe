import * as yaml from 'yaml';

/**
 * The YAML package, to be loaded on demand. It is CommonJS: of an `import()` of it, a bundle in several files makes a module without
 * names, so that one has to import this module in its place.
 */
export { yaml };
