/** The product's version, from the root package.json; put in by the build, and by jest for tests. */
declare const __CAVRA_VERSION__: string;
