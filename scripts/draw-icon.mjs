// @ts-check
// Draws the icon of the Azure DevOps extension: a gate of two posts with a check mark in it.
//
//   node scripts/draw-icon.mjs
import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';

/** @typedef {readonly [number, number, number, number]} Colour */

const GROUND = /** @type {Colour} */ ([23, 43, 77, 255]);
const POST = /** @type {Colour} */ ([222, 235, 255, 255]);
const MARK = /** @type {Colour} */ ([54, 179, 126, 255]);
const NOTHING = /** @type {Colour} */ ([23, 43, 77, 0]);
const SAMPLES = 4;

/**
 * The colour at a point of the unit square.
 *
 * @param {number} x @param {number} y @returns {Colour}
 */
function colourAt(x, y) {
  if (!inRounded(x, y, 0, 0, 1, 1, 0.2)) return NOTHING;
  const mark = Math.min(toSegment(x, y, [0.34, 0.55], [0.46, 0.67]), toSegment(x, y, [0.46, 0.67], [0.68, 0.4]));
  if (mark < 0.05) return MARK;
  const posts = inRounded(x, y, 0.16, 0.2, 0.25, 0.84, 0.03) || inRounded(x, y, 0.75, 0.2, 0.84, 0.84, 0.03);
  return posts || inRounded(x, y, 0.16, 0.2, 0.84, 0.29, 0.03) ? POST : GROUND;
}

/**
 * @param {number} x @param {number} y
 * @param {number} left @param {number} top @param {number} right @param {number} bottom @param {number} radius
 */
function inRounded(x, y, left, top, right, bottom, radius) {
  const dx = Math.max(left + radius - x, x - (right - radius), 0);
  const dy = Math.max(top + radius - y, y - (bottom - radius), 0);
  return dx * dx + dy * dy <= radius * radius;
}

/**
 * Distance from a point to a segment.
 *
 * @param {number} x @param {number} y @param {[number, number]} a @param {[number, number]} b
 */
function toSegment(x, y, [ax, ay], [bx, by]) {
  const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** The mean colour of a pixel. @param {number} column @param {number} row @param {number} size */
function pixel(column, row, size) {
  const sum = [0, 0, 0, 0];
  for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
    const x = (column + ((sample % SAMPLES) + 0.5) / SAMPLES) / size;
    const y = (row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / size;
    colourAt(x, y).forEach((value, channel) => {
      sum[channel] = (sum[channel] ?? 0) + value;
    });
  }
  return sum.map((value) => Math.round(value / (SAMPLES * SAMPLES)));
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A PNG, 8 bits a channel with alpha. @param {number} size */
function png(size) {
  const rows = Array.from({ length: size }, (_, row) => [
    0,
    ...Array.from({ length: size }, (_, column) => pixel(column, row, size)).flat(),
  ]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

await writeFile(new URL('../azure-task/images/icon.png', import.meta.url), png(128));
await writeFile(new URL('../azure-task/release-governance/icon.png', import.meta.url), png(32));
