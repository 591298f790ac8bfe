import { RuntimeFailure } from '../diagnosis.ts';

/** RFC 3339 UTC as evidence spells it: `2026-03-04T05:06:07.001234567Z`, up to nine fraction digits, trailing zeros cut. */

const SECONDS_PER_DAY = 86_400;
const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_SHIFT_DAYS = 719_468;
/** 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z: a year has four digits. */
const FIRST_SECOND = -62_167_219_200;
const END_SECOND = 253_402_300_800;

/**
 * Writes an instant.
 *
 * @param epochMilliseconds since the Unix epoch; a fraction of a millisecond is cut
 * @throws RuntimeFailure CAVRA-E599 the clock is outside of the years 0000 to 9999
 */
export function formatTimestamp(epochMilliseconds: number): string {
  const seconds = Math.floor(epochMilliseconds / 1000);
  return formatInstant(seconds, (Math.floor(epochMilliseconds) - seconds * 1000) * NANOS_PER_MILLISECOND);
}

/** A point of time as plain data. */
export interface InstantParts {
  readonly seconds: number;
  readonly nanos: number;
}

/** A point of time that is read again and again, once a record. */
export class Instant implements InstantParts {
  /** Since the Unix epoch, rounded down. */
  seconds = 0;
  /** 0 to 999,999,999. */
  nanos = 0;

  get epochMilliseconds(): number {
    return this.seconds * 1000 + Math.floor(this.nanos / NANOS_PER_MILLISECOND);
  }

  isBefore(other: InstantParts): boolean {
    return this.seconds < other.seconds || (this.seconds === other.seconds && this.nanos < other.nanos);
  }

  isAfter(other: InstantParts): boolean {
    return this.seconds > other.seconds || (this.seconds === other.seconds && this.nanos > other.nanos);
  }

  set(other: InstantParts): void {
    this.seconds = other.seconds;
    this.nanos = other.nanos;
  }

  /** Reads `bytes[start, end)`; false when they are not an existing instant in its canonical spelling. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (!hasShape(bytes, start, end)) {
      return false;
    }
    const year = number(bytes, start, start + 4);
    const month = number(bytes, start + 5, start + 7);
    const day = number(bytes, start + 8, start + 10);
    const hour = number(bytes, start + 11, start + 13);
    const minute = number(bytes, start + 14, start + 16);
    const second = number(bytes, start + 17, start + 19);
    if (
      month < 1 ||
      month > 12 ||
      day < 1 ||
      day > daysInMonth(year, month) ||
      hour > 23 ||
      minute > 59 ||
      second > 59
    ) {
      return false;
    }
    const digitsGiven = Math.max(end - 1 - FRACTION_AT - start, 0);
    this.seconds = daysFromDate(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    this.nanos = number(bytes, end - 1 - digitsGiven, end - 1) * 10 ** (FRACTION_DIGITS - digitsGiven);
    return true;
  }

  toString(): string {
    return formatInstant(this.seconds, this.nanos);
  }
}

const SHAPE = Buffer.from('0000-00-00T00:00:00');
/** Where the first digit of a fraction stands, after the point. */
const FRACTION_AT = SHAPE.length + 1;
const FRACTION_DIGITS = 9;
const NANOS_PER_MILLISECOND = 1_000_000;
const ZERO = 0x30;
const POINT = 0x2e;
const LETTER_Z = 0x5a;

function hasShape(bytes: Uint8Array, start: number, end: number): boolean {
  const fractionEnd = end - 1;
  const length = fractionEnd - start;
  if (bytes[fractionEnd] !== LETTER_Z || length < SHAPE.length || length > FRACTION_AT + FRACTION_DIGITS) {
    return false;
  }
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[start + index] as number;
    const expected = index < SHAPE.length ? SHAPE[index] : index === SHAPE.length ? POINT : ZERO;
    if (expected === ZERO ? byte < ZERO || byte > ZERO + 9 : byte !== expected) {
      return false;
    }
  }
  // Trailing zeros are cut, and with them the point.
  const last = bytes[fractionEnd - 1];
  return length === SHAPE.length || (last !== ZERO && last !== POINT);
}

function number(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    value = value * 10 + (bytes[at] as number) - ZERO;
  }
  return value;
}

function formatInstant(seconds: number, nanos: number): string {
  if (!(seconds >= FIRST_SECOND && seconds < END_SECOND)) {
    throw new RuntimeFailure('CAVRA-E599', 'the clock is outside of the years 0000 to 9999');
  }
  const fraction = nanos === 0 ? '' : `.${digits(nanos, FRACTION_DIGITS)}`.replace(/0+$/, '');
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  const clock = seconds - day * SECONDS_PER_DAY;
  const time = [Math.floor(clock / 3600), Math.floor(clock / 60) % 60, clock % 60]
    .map((part) => digits(part, 2))
    .join(':');
  return `${formatDate(day)}T${time}${fraction}Z`;
}

/** Days since the Unix epoch of a date of the Gregorian calendar; `month` from 1. The date is not checked. */
export function daysFromDate(year: number, month: number, day: number): number {
  // Years are counted from March, so that the leap day is the last of its year.
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / YEARS_PER_ERA);
  const yearOfEra = marchYear - era * YEARS_PER_ERA;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_SHIFT_DAYS;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function formatDate(epochDay: number): string {
  const shifted = epochDay + EPOCH_SHIFT_DAYS;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = era * YEARS_PER_ERA + yearOfEra + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
