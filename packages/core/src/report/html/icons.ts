import type { Tone } from '../model/model.ts';
import { type Html, html } from './markup.ts';

/** The drawings that the page uses again and again, once. Each tone has its own shape, not only its own colour. */
export const SPRITE: Html = html`<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<symbol id="i-good" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="currentColor"/><path class="cut" d="M4.4 8.3 7 10.9l4.7-5.3"/></symbol>
<symbol id="i-warn" viewBox="0 0 16 16"><path fill="currentColor" d="M6.7 1.1a1.5 1.5 0 0 1 2.6 0l6.4 11.4a1.5 1.5 0 0 1-1.3 2.3H1.6a1.5 1.5 0 0 1-1.3-2.3z"/><path class="cut" d="M8 5.4v3.8M8 11.9v.1"/></symbol>
<symbol id="i-bad" viewBox="0 0 16 16"><path fill="currentColor" d="M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7z"/><path class="cut" d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4"/></symbol>
<symbol id="i-neutral" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7.1" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M5 8h6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></symbol>
<symbol id="i-mark" viewBox="0 0 24 24"><path fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" d="M9.8 14.2 14.2 9.8M11 7.2l2.6-2.6a4.1 4.1 0 0 1 5.8 5.8L16.8 13M7.2 11l-2.6 2.6a4.1 4.1 0 0 0 5.8 5.8L13 16.8"/></symbol>
</defs></svg>`;

/** @param size of its box in CSS pixels */
export function icon(name: Tone | 'mark', size = 16): Html {
  return html`<svg class="icon ${name}" width="${size}" height="${size}" aria-hidden="true" focusable="false"><use href="#i-${name}"/></svg>`;
}
