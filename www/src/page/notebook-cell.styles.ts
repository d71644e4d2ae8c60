import { css } from "lit";

/** A cell is a grid of two columns, prompts and content; narrow screens put the prompt on top. */
export const cellStyles = css`
  article {
    position: relative;
    display: grid;
    grid-template-columns: 5.25rem minmax(0, 1fr);
    padding: 0.3rem 0 0.3rem 0.25rem;
    border-left: 3px solid transparent;
    border-radius: 4px;
    scroll-margin: calc(var(--toolbar-height) + 1rem) 0 2rem;
  }
  article:focus-visible {
    outline: none;
  }
  article.selected {
    border-left-color: var(--line-strong);
  }
  article:is(:focus, :focus-within) {
    border-left-color: var(--accent);
  }
  article:focus-visible {
    background: linear-gradient(to right, color-mix(in oklab, var(--accent-soft) 70%, transparent), transparent 5.25rem);
  }
  article.running {
    border-left-color: var(--busy);
  }
  .prompt {
    padding: 0.625rem 0.75rem 0 0;
    color: var(--ink-soft);
    font: 0.75rem / 1.6 var(--mono);
    text-align: right;
    user-select: none;
  }
  .prompt .in {
    display: block;
    line-height: calc(var(--code-size) * var(--code-line));
  }
  .running .prompt .in,
  .queued .prompt .in {
    color: var(--busy);
    font-weight: 700;
  }
  .prompt .ms {
    display: block;
    font-size: 0.6875rem;
  }
  .prompt.out {
    padding-top: 0;
    line-height: calc(var(--code-size) * var(--code-line));
  }
  .body {
    min-width: 0;
  }
  .source {
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  .source:focus-within {
    border-color: var(--accent);
    box-shadow: 0 0 0 1px var(--accent);
  }
  .wide {
    grid-column: 2;
  }
  .outputs {
    display: grid;
    grid-column: 1 / -1;
    grid-template-columns: subgrid;
    gap: 0.4rem 0;
    padding: 0.6rem 0 0.4rem;
  }
  .outputs :is(chunkbook-output, chunkbook-panel) {
    padding: 0 0.75rem;
  }
  .prose {
    padding: 0.1rem 0.75rem;
    cursor: text;
  }
  /* Its source, until what renders it has come. */
  .unrendered {
    white-space: pre-wrap;
  }
  /* In the gap between the notebook and the shelf, so that it covers no text. */
  .actions {
    position: absolute;
    top: 0.3rem;
    left: calc(100% + 1px);
    z-index: 1;
    display: none;
    flex-direction: column;
    width: 2rem;
    padding: 0.1rem;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  article:is(:hover, :focus-within) .actions {
    display: flex;
  }
  article:hover .actions {
    z-index: 2;
  }
  /* Seen or not, they are reached by keys. */
  .actions:not(:focus-within) {
    opacity: var(--actions-opacity, 1);
  }
  /* Where there is no gap, a row over the selected cell. */
  @media (max-width: 62rem) {
    .actions,
    article:hover .actions {
      position: static;
      display: none;
      flex-direction: row;
      grid-column: 1 / -1;
      grid-row: 1;
      justify-self: end;
      width: auto;
      margin-bottom: 0.35rem;
    }
    article.selected .actions {
      display: flex;
    }
  }
  @media (max-width: 40rem) {
    article {
      grid-template-columns: minmax(0, 1fr);
      padding-left: 0.5rem;
    }
    article:focus-visible {
      background: none;
    }
    /* The prompt and, in the selected cell, what can be done with it share a row. */
    .prompt:not(.out),
    .actions,
    article:hover .actions {
      grid-row: 1;
      grid-column: 1;
    }
    .prompt {
      display: flex;
      gap: 0.75rem;
      padding: 0.25rem 0 0.15rem;
      text-align: left;
    }
    .prompt .ms {
      line-height: calc(var(--code-size) * var(--code-line));
    }
    .prompt:empty,
    .prompt.out:not(:has(*)) {
      display: none;
    }
    .wide {
      grid-column: 1;
    }
    .outputs :is(chunkbook-output, chunkbook-panel),
    .prose {
      padding-inline: 0.25rem;
    }
  }
`;
