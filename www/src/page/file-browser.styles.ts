import { css } from "lit";

/** Dense lines, as in a tree of files; details below them. */
export const browserStyles = css`
  :host {
    margin-top: 0.4rem;
  }
  .tree {
    max-height: 20rem;
    overflow: auto;
    padding: 0.2rem 0;
    border: 1px solid var(--line);
    border-radius: 6px;
    background: var(--paper);
    font-size: 0.8125rem;
    line-height: 1.4;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 0.3rem;
    min-height: 1.75rem;
    padding: 0.1rem 0.5rem 0.1rem calc(0.3rem + var(--level) * 0.9rem);
    cursor: pointer;
  }
  .row:hover {
    background: var(--hover);
  }
  .row[aria-selected="true"] {
    background: var(--accent-soft);
  }
  .row:focus-visible {
    outline-offset: -2px;
  }
  .row.note {
    padding-left: calc(1.5rem + var(--level) * 0.9rem);
    cursor: default;
  }
  .row.note:hover {
    background: none;
  }
  .row.more {
    padding-left: calc(1.5rem + var(--level) * 0.9rem);
    color: var(--accent);
  }
  .twist,
  .kind {
    display: inline-flex;
    flex: none;
    color: var(--ink-soft);
    font-size: 0.75rem;
  }
  .twist {
    width: 0.95rem;
    transition: transform 120ms;
  }
  .twist.open {
    transform: rotate(90deg);
  }
  .name {
    flex: 0 1 auto;
    min-width: 3rem;
    overflow: hidden;
    font-family: var(--mono);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .facts {
    flex: 1 1 0;
    min-width: 0;
    overflow: hidden;
    color: var(--ink-soft);
    font-size: 0.75rem;
    font-variant-numeric: tabular-nums;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .broken .name,
  .broken .facts,
  .error {
    color: var(--error);
  }
  .note {
    margin: 0.35rem 0 0;
    color: var(--ink-soft);
    font-size: 0.8125rem;
    overflow-wrap: anywhere;
  }
  .note.error {
    color: var(--error);
  }
  .details {
    margin-top: 0.5rem;
    font-size: 0.8125rem;
    line-height: 1.45;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
  }
  code {
    font: 0.8125rem/1.4 var(--mono);
    overflow-wrap: anywhere;
  }
  h4 {
    margin: 0.6rem 0 0;
    font-size: 0.8125rem;
    font-weight: 600;
  }
  dl {
    max-height: 14rem;
    margin: 0.25rem 0 0;
    overflow: auto;
  }
  dl div {
    display: grid;
    grid-template-columns: minmax(5.6rem, 0.4fr) 1fr;
    gap: 0.6rem;
    padding: 0.12rem 0;
  }
  dt {
    color: var(--ink-soft);
    overflow-wrap: anywhere;
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
    font-variant-numeric: tabular-nums;
  }
`;
