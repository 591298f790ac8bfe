// @ts-check
// Packs the Azure DevOps extension from what is committed, without network. Two builds are the same, byte for byte, on any machine.
//
//   node scripts/azure-extension.mjs [--out FOLDER]
//
// The package is what `tfx extension create` makes of the same manifest. tfx itself is not used: it brings some 250 packages, and its
// packages differ from build to build.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { isEntry } from './entry.mjs';

/**
 * @typedef {object} Manifest
 * @property {string} id
 * @property {string} publisher
 * @property {string} name
 * @property {string} version
 * @property {string} description
 * @property {boolean} public
 * @property {readonly { id: string }[]} targets
 * @property {readonly string[]} categories
 * @property {readonly string[]} tags
 * @property {{ default: string }} icons
 * @property {{ details: { path: string }, license: { path: string } }} content
 * @property {Readonly<Record<string, { uri: string }>>} links
 * @property {{ type: string, uri: string }} repository
 * @property {readonly { path: string, addressable?: boolean }[]} files
 * @property {readonly object[]} contributions
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'azure-task');

/** Files of the package that stand elsewhere in the repository. */
const ELSEWHERE = new Map([['LICENSE.txt', join(root, 'LICENSE')]]);

const CONTENT_TYPES = new Map([
  ['.json', 'application/json'],
  ['.md', 'text/markdown'],
  ['.mjs', 'application/javascript'],
  ['.png', 'image/png'],
  ['.txt', 'text/plain'],
  ['.vsixmanifest', 'text/xml'],
  ['.vsomanifest', 'application/json'],
]);

/** The earliest time that a zip can say, in the packing machine's own zone, which is how zips have it. */
const NO_TIME = new Date(1980, 0, 1);

/** @returns {Promise<{ name: string, bytes: Uint8Array }>} the package, and the name of its file */
export async function packExtension() {
  /** @type {Manifest} */
  const manifest = JSON.parse(await readFile(join(folder, 'vss-extension.json'), 'utf8'));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (manifest.version !== version) {
    throw new Error(`vss-extension.json has version ${manifest.version}, expected ${version}`);
  }
  const files = await packagedFiles(manifest);
  /** @type {Record<string, Uint8Array>} */
  const parts = {
    '[Content_Types].xml': utf8(contentTypes(files)),
    'extension.vsixmanifest': utf8(vsixManifest(manifest, files)),
    'extension.vsomanifest': utf8(vsoManifest(manifest)),
  };
  for (const { path } of files) parts[path] = await readFile(ELSEWHERE.get(path) ?? join(folder, path));
  // Every member is compressed by the same code, whatever Node's zlib is, and says the same of itself.
  const bytes = zipSync(parts, { level: 9, mtime: NO_TIME, os: 3, attrs: 0o644 << 16 });
  return { name: `${manifest.publisher}.${manifest.id}-${version}.vsix`, bytes };
}

/**
 * What the manifest lists, folders with their files, in a fixed order.
 *
 * @param {Manifest} manifest
 * @returns {Promise<readonly { path: string, addressable: boolean }[]>}
 */
async function packagedFiles({ files, content }) {
  const listed = [
    ...files,
    { path: content.details.path, addressable: true },
    { path: content.license.path, addressable: true },
  ];
  const found = await Promise.all(
    listed.map(async ({ path, addressable = false }) => {
      if (extname(path) !== '') return [{ path, addressable }];
      const names = await readdir(join(folder, path));
      return names.map((name) => ({ path: `${path}/${name}`, addressable }));
    }),
  );
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @param {readonly { path: string }[]} files */
function contentTypes(files) {
  const extensions = new Set([...files.map(({ path }) => extname(path)), '.vsixmanifest', '.vsomanifest']);
  const types = [...extensions].sort().map((extension) => {
    const type = CONTENT_TYPES.get(extension);
    if (type === undefined) throw new Error(`no content type is known for *${extension}`);
    return `  <Default Extension="${extension}" ContentType="${type}"/>`;
  });
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">',
    ...types,
    '</Types>',
    '',
  ].join('\n');
}

/** @param {Manifest} manifest @param {readonly { path: string, addressable: boolean }[]} files */
function vsixManifest(manifest, files) {
  const { id, publisher, version, name, description, categories, tags, targets, icons, content } = manifest;
  const assets = [
    ...files
      .filter(({ path, addressable }) => addressable && path !== content.details.path && path !== content.license.path)
      .map(({ path }) => [path, path]),
    ['Microsoft.VisualStudio.Services.Icons.Default', icons.default],
    ['Microsoft.VisualStudio.Services.Content.Details', content.details.path],
    ['Microsoft.VisualStudio.Services.Content.License', content.license.path],
    ['Microsoft.VisualStudio.Services.Manifest', 'extension.vsomanifest'],
  ];
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">',
    '  <Metadata>',
    `    <Identity Language="en-US" Id="${xml(id)}" Publisher="${xml(publisher)}" Version="${xml(version)}"/>`,
    `    <DisplayName>${xml(name)}</DisplayName>`,
    `    <Description xml:space="preserve">${xml(description)}</Description>`,
    `    <GalleryFlags>${manifest.public ? 'Public' : ''}</GalleryFlags>`,
    `    <Categories>${xml(categories.join(','))}</Categories>`,
    `    <Tags>${xml(tags.join(','))}</Tags>`,
    '    <Properties>',
    ...properties(manifest).map(([key, value]) => `      <Property Id="${xml(key)}" Value="${xml(value)}"/>`),
    '    </Properties>',
    `    <Icon>${xml(icons.default)}</Icon>`,
    `    <License>${xml(content.license.path)}</License>`,
    '  </Metadata>',
    '  <Dependencies/>',
    '  <Installation>',
    ...targets.map((target) => `    <InstallationTarget Id="${xml(target.id)}"/>`),
    '  </Installation>',
    '  <Assets>',
    ...assets.map(
      ([type = '', path = '']) =>
        `    <Asset Type="${xml(type)}" d:Source="File" Path="${xml(path)}" Addressable="true"/>`,
    ),
    '  </Assets>',
    '</PackageManifest>',
    '',
  ].join('\n');
}

/** @param {Manifest} manifest @returns {readonly (readonly [string, string])[]} */
function properties({ links, repository }) {
  const prefix = 'Microsoft.VisualStudio.Services.Links.';
  return [
    ...Object.entries(links).map(
      ([name, { uri }]) => /** @type {const} */ ([`${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`, uri]),
    ),
    [`${prefix}GitHub`, repository.uri],
  ];
}

/** @param {Manifest} manifest */
function vsoManifest({ repository, contributions }) {
  const content = { manifestVersion: 1, repository, contributions, scopes: [], contributionTypes: [] };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** @param {string} text */
function xml(text) {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @param {string} text */
function utf8(text) {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

if (isEntry(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  try {
    const { name, bytes } = await packExtension();
    const out = values.out ?? folder;
    await mkdir(out, { recursive: true });
    await writeFile(join(out, name), bytes);
    console.log(`${join(out, name)} ${(bytes.length / 1024).toFixed(1)} KiB`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
