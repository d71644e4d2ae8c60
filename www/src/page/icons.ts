/** Icons drawn on a grid of 24; decoration only, so each control names itself in words. */
import { html, type TemplateResult } from "lit";

const path = (d: string): TemplateResult =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${d}></path></svg>`;

export const icons = {
  run: path("M7 4.5v15l12-7.5z"),
  runAll: path("M4 5v14l9-7zM13 5v14l9-7z"),
  runTo: path("M12 3v12M7 10l5 5 5-5M5 20h14"),
  stop: path("M6.5 6.5h11v11h-11z"),
  restart: path("M4 12a8 8 0 1 0 2.6-5.9M4 4v4.5h4.5"),
  restartRun: path("M4 12a8 8 0 1 0 2.6-5.9M4 4v4.5h4.5M10.5 9v6l4.5-3z"),
  plus: path("M12 5v14M5 12h14"),
  text: path("M5 6.5V5h14v1.5M12 5v14M9.5 19h5"),
  code: path("m8.5 7-5 5 5 5M15.5 7l5 5-5 5"),
  up: path("m6 14.5 6-6 6 6"),
  down: path("m6 9.5 6 6 6-6"),
  trash: path("M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5"),
  undo: path("M8.5 14.5 4 10l4.5-4.5M4 10h10a5.5 5.5 0 0 1 0 11h-3"),
  download: path("M12 4v11M7 10.5l5 5 5-5M4.5 20h15"),
  open: path("M3.5 18.5v-13h6l2 2.5h9v10.5z"),
  sliders: path("M4 7.5h8M17 7.5h3M14.5 5v5M4 16.5h3M12 16.5h8M9.5 14v5"),
  file: path("M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5"),
  store: path(
    "M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  ),
  more: path(
    "M12 4.75a1.25 1.25 0 1 1 0 2.5 1.25 1.25 0 0 1 0-2.5zM12 10.75a1.25 1.25 0 1 1 0 2.5 1.25 1.25 0 0 1 0-2.5zM12 16.75a1.25 1.25 0 1 1 0 2.5 1.25 1.25 0 0 1 0-2.5z",
  ),
  twist: path("m9 6 6 6-6 6"),
  grid: path("M4 5h16v14H4zM4 9.7h16M4 14.3h16M9.3 5v14M14.7 5v14"),
  list: path("M4 6.5h.01M4 12h.01M4 17.5h.01M8.5 6.5H20M8.5 12H20M8.5 17.5H20"),
  close: path("M6 6l12 12M18 6 6 18"),
  keyboard: path("M3 7h18v11H3zM7 11v.01M11 11v.01M15 11v.01M8 14.5h8"),
  erase: path("M4 16.5 13.5 7l5 5-7.5 7.5H7zM11 19.5h9"),
  edit: path("M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5z"),
  sun: path(
    "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  ),
  moon: path("M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"),
  system: path("M3.5 4.5h17v11h-17zM9 20h6M12 15.5V20"),
  zoomIn: path("M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20M10.5 7.5v6M7.5 10.5h6"),
  zoomOut: path("M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20M7.5 10.5h6"),
  fitWidth: path("M3.5 5v14M20.5 5v14M7 12h10M10 9l-3 3 3 3M14 9l3 3-3 3"),
} satisfies Record<string, TemplateResult>;

/** The product's mark: a grid of chunks, one of them lit. */
export const logo: TemplateResult = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
  <g fill="currentColor">
    <rect x="3" y="3" width="8" height="8" rx="2" opacity="0.35"></rect>
    <rect x="12" y="3" width="8" height="8" rx="2" opacity="0.35"></rect>
    <rect x="21" y="3" width="8" height="8" rx="2" opacity="0.35"></rect>
    <rect x="3" y="12" width="8" height="8" rx="2"></rect>
    <rect x="12" y="12" width="8" height="8" rx="2" class="lit"></rect>
    <rect x="21" y="12" width="8" height="8" rx="2" opacity="0.35"></rect>
    <rect x="3" y="21" width="8" height="8" rx="2"></rect>
    <rect x="12" y="21" width="8" height="8" rx="2"></rect>
    <rect x="21" y="21" width="8" height="8" rx="2" opacity="0.35"></rect>
  </g>
</svg>`;
