/** The product's version, from the root package.json; put in by the build, and by jest for tests. */
declare const __CAVRA_VERSION__: string;

/** As much of the JavaScript API of WebAssembly as is used; Node's types do not have it. Undefined where code may not be made. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
      readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
    }
  | undefined;
