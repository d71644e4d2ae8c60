/** Styles that several components have in common. */
import { css } from "lit";

/** Box model, focus ring, reduced motion. Every component starts with it. */
export const base = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  svg.icon {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 0.01ms !important;
      scroll-behavior: auto !important;
    }
  }
`;

export const buttons = css`
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4rem;
    min-height: 2.25rem;
    padding: 0 0.7rem;
    border: 1px solid var(--line);
    border-radius: 6px;
    background: var(--surface);
    color: var(--ink);
    font: 500 0.875rem / 1 var(--sans);
    white-space: nowrap;
    cursor: pointer;
    transition: background-color 120ms, border-color 120ms;
  }
  button:hover:not(:disabled) {
    background: var(--hover);
    border-color: var(--line-strong);
  }
  button:disabled {
    color: var(--ink-soft);
    opacity: 0.55;
    cursor: default;
  }
  button.primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--accent-ink);
  }
  button.primary:hover:not(:disabled) {
    background: color-mix(in oklab, var(--accent), var(--ink) 18%);
  }
  button.quiet {
    border-color: transparent;
    background: transparent;
  }
  button.quiet:hover:not(:disabled) {
    background: var(--hover);
  }
  button.icon-only {
    width: 2.25rem;
    padding: 0;
  }
  button.small {
    min-height: 1.75rem;
    padding: 0 0.5rem;
    font-size: 0.8125rem;
  }
  button.small.icon-only {
    width: 1.75rem;
    padding: 0;
  }
  button.danger {
    color: var(--error);
  }
  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  button.link:hover:not(:disabled) {
    background: none;
    text-decoration-thickness: 2px;
  }
`;

/** Colours of Python, in editors and in fenced code of texts alike. */
export const codeColours = css`
  .tok-keyword,
  .tok-bool {
    color: var(--code-keyword);
  }
  .tok-string,
  .tok-string2 {
    color: var(--code-string);
  }
  .tok-number {
    color: var(--code-number);
  }
  .tok-comment {
    color: var(--code-comment);
    font-style: italic;
  }
  .tok-variableName.tok-definition,
  .tok-className,
  .tok-macroName,
  .tok-meta {
    color: var(--code-name);
  }
`;
