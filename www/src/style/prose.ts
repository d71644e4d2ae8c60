import { css } from "lit";

/** Running text: headings, lists, tables and code as they come out of Markdown. */
export const prose = css`
  .prose {
    max-width: 44rem;
    overflow-wrap: break-word;
  }
  .prose > :first-child {
    margin-top: 0.25rem;
  }
  .prose > :last-child {
    margin-bottom: 0.4rem;
  }
  .prose h1,
  .prose h2,
  .prose h3,
  .prose h4 {
    margin: 1.6em 0 0.5em;
    line-height: 1.2;
    letter-spacing: -0.012em;
    text-wrap: balance;
  }
  .prose h1 {
    font-size: 2rem;
    letter-spacing: -0.022em;
  }
  .prose h2 {
    font-size: 1.4rem;
  }
  .prose h3 {
    font-size: 1.125rem;
  }
  .prose p,
  .prose ul,
  .prose ol,
  .prose blockquote,
  .prose table {
    margin: 0.7em 0;
  }
  .prose ul,
  .prose ol {
    padding-left: 1.5em;
  }
  .prose li + li {
    margin-top: 0.2em;
  }
  .prose a {
    color: var(--accent);
    text-underline-offset: 2px;
  }
  .prose code {
    padding: 0.1em 0.3em;
    border-radius: 4px;
    background: var(--sunken);
    font: 0.875em var(--mono);
  }
  .prose pre {
    margin: 0.9em 0;
    padding: 0.7rem 0.9rem;
    overflow: auto;
    border-radius: var(--radius);
    background: var(--sunken);
  }
  .prose pre code {
    padding: 0;
    background: none;
    font: var(--code-size) / var(--code-line) var(--mono);
  }
  .prose blockquote {
    padding-left: 1rem;
    border-left: 3px solid var(--line);
    color: var(--ink-soft);
  }
  .prose table {
    display: block;
    overflow: auto;
    border-collapse: collapse;
    font-size: 0.9375rem;
    font-variant-numeric: tabular-nums;
  }
  .prose th,
  .prose td {
    padding: 0.35rem 0.9rem 0.35rem 0;
    border-bottom: 1px solid var(--line);
    text-align: left;
  }
  .prose img {
    max-width: 100%;
  }
  .prose hr {
    height: 1px;
    margin: 2em 0;
    border: 0;
    background: var(--line);
  }
`;
