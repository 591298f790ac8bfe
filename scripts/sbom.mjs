// @ts-check
// Writes the software bill of materials: CycloneDX 1.6 JSON of every bundle, its files, and the packages whose code is in them.
//
//   node scripts/sbom.mjs [--out FILE]
//
// The same sources give the same bytes; with SOURCE_DATE_EPOCH (seconds) it has that time in it.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Contrib, Enums, Models, Serialize, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import * as spdx from 'spdx-expression-parse';
import { buildBundles } from './build.mjs';
import { isEntry } from './entry.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const licences = new Contrib.License.Factories.LicenseFactory(spdx.default);

/**
 * The bill of materials as text, checked against the schema that its format publishes.
 *
 * @param {{ builtRoot: string, bundles: Awaited<ReturnType<typeof buildBundles>>, epochSeconds?: number }} options `bundles` as
 *   they were built under `builtRoot`
 * @throws when it does not fit the schema
 */
export async function sbomText({ builtRoot, bundles, epochSeconds }) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const product = application('release-governance', version);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: product,
      supplier: new Models.OrganizationalEntity({ name: 'CAVRA' }),
      ...(epochSeconds === undefined ? {} : { timestamp: new Date(epochSeconds * 1000) }),
    }),
  });
  /** @type {Map<string, Models.Component>} */
  const libraries = new Map();
  for (const { dist, files, packages } of bundles) {
    const bundle = application(dist, version);
    for (const { path } of files) bundle.components.add(await file(builtRoot, path));
    for (const { manifest } of packages) {
      const library = libraries.get(purlOf(manifest)) ?? libraryOf(manifest);
      libraries.set(purlOf(manifest), library);
      bundle.dependencies.add(library.bomRef);
    }
    product.dependencies.add(bundle.bomRef);
    bom.components.add(bundle);
  }
  for (const library of libraries.values()) bom.components.add(library);
  const text = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)).serialize(bom, {
    sortLists: true,
    space: 2,
  });
  const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  if (problem !== null) throw new Error(`the bill of materials is not CycloneDX 1.6: ${JSON.stringify(problem)}`);
  return `${text}\n`;
}

/** @param {string} name @param {string} version */
function application(name, version) {
  const component = new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: `${name}@${version}`,
  });
  component.licenses.add(licences.makeFromString('Apache-2.0'));
  return component;
}

/** @param {string} builtRoot @param {string} path */
async function file(builtRoot, path) {
  const component = new Models.Component(Enums.ComponentType.File, path, { bomRef: path });
  const digest = createHash('sha256')
    .update(await readFile(join(builtRoot, path)))
    .digest('hex');
  component.hashes.set(Enums.HashAlgorithm['SHA-256'], digest);
  return component;
}

/** @param {import('./build.mjs').BundledPackage['manifest']} manifest */
function libraryOf(manifest) {
  const { name, version, license } = manifest;
  const [scope, rest] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const component = new Models.Component(Enums.ComponentType.Library, rest ?? name, {
    version,
    bomRef: purlOf(manifest),
    purl: purlOf(manifest),
    ...(scope === undefined ? {} : { group: scope }),
  });
  if (license !== undefined) component.licenses.add(licences.makeFromString(license));
  return component;
}

/** @param {{ name: string, version: string }} manifest */
function purlOf({ name, version }) {
  const [scope, rest] = name.startsWith('@') ? name.split('/') : [undefined, name];
  return new PackageURL('npm', scope, rest ?? name, version, undefined, undefined).toString();
}

if (isEntry(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  const builtRoot = await mkdtemp(join(tmpdir(), 'cavra-sbom-'));
  try {
    const text = await sbomText({
      builtRoot,
      bundles: await buildBundles(builtRoot),
      ...(epoch === undefined ? {} : { epochSeconds: Number(epoch) }),
    });
    if (values.out === undefined) process.stdout.write(text);
    else await writeFile(values.out, text);
  } finally {
    await rm(builtRoot, { recursive: true });
  }
}
