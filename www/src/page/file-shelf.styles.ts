import { css } from "lit";

/** A panel beside the notebook; above it, and closed at first, where the screen is narrow. */
export const shelfStyles = css`
  .drawer {
    padding: 0.25rem 1rem 1rem;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  .drawer:not([open]) {
    padding-bottom: 0.25rem;
  }
  summary {
    display: flex;
    align-items: baseline;
    gap: 0.6rem;
    padding: 0.55rem 0;
    list-style: none;
    cursor: pointer;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary::after {
    content: "";
    width: 0.5rem;
    height: 0.5rem;
    margin: 0 0.25rem 0 auto;
    border: solid var(--ink-soft);
    border-width: 0 2px 2px 0;
    transform: translateY(-2px) rotate(45deg);
  }
  [open] > summary::after {
    transform: translateY(2px) rotate(225deg);
  }
  .title {
    font-weight: 650;
  }
  .count,
  .facts,
  .note,
  .empty,
  .storage {
    color: var(--ink-soft);
    font-size: 0.8125rem;
    line-height: 1.45;
  }
  .empty {
    margin: 0.25rem 0 0.9rem;
    padding: 1rem;
    border: 1.5px dashed var(--line-strong);
    border-radius: var(--radius);
    text-wrap: pretty;
  }
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .drawer > ul > li {
    padding: 0.7rem 0 0.5rem;
    border-top: 1px solid var(--line);
  }
  .name {
    display: flex;
    align-items: center;
    gap: 0.45rem;
    font-weight: 500;
    font-size: 0.9375rem;
  }
  .name span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .name svg {
    color: var(--ink-soft);
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.2rem 0.6rem;
    margin: 0.15rem 0 0.4rem;
    font-variant-numeric: tabular-nums;
  }
  .badge {
    padding: 0.05rem 0.45rem;
    border-radius: 4px;
    background: var(--sunken);
    font-size: 0.75rem;
  }
  .badge.stored {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .copying {
    color: var(--busy);
  }
  .actions {
    display: flex;
    align-items: center;
    gap: 0.15rem;
  }
  .actions .small:first-of-type:not(.icon-only) {
    margin-right: auto;
  }
  .question {
    margin-right: auto;
    font-size: 0.875rem;
  }
  .actions .question ~ .small:first-of-type {
    margin-right: 0;
  }
  .note {
    margin: 0.4rem 0 0;
  }
  .note.error {
    color: var(--error);
    overflow-wrap: anywhere;
  }
  .add {
    width: 100%;
    margin-top: 0.5rem;
  }
  .storage {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    margin-top: 1rem;
    font-variant-numeric: tabular-nums;
  }
  meter {
    flex-basis: 100%;
    width: 100%;
    height: 0.5rem;
    margin-top: 0.3rem;
    border-radius: 4px;
    background: var(--line);
    appearance: none;
  }
  meter::-webkit-meter-bar {
    height: 0.5rem;
    border: 0;
    border-radius: 4px;
    background: var(--line);
  }
  meter::-webkit-meter-optimum-value {
    border-radius: 4px;
    background: var(--accent);
  }
  meter::-webkit-meter-suboptimum-value {
    border-radius: 4px;
    background: var(--busy);
  }
`;
