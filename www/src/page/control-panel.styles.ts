import { css } from "lit";

/** A grid of three columns, label, control and value; narrow screens put the label on top. */
export const panelStyles = css`
  :host {
    min-width: 0;
  }
  fieldset {
    display: grid;
    grid-template-columns: fit-content(14rem) minmax(8rem, 24rem) minmax(3.5rem, 1fr);
    gap: 0.35rem 0.9rem;
    align-items: center;
    min-width: 0;
    margin: 0;
    padding: 0.6rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--sunken);
    font-size: 0.9375rem;
    line-height: 1.4;
  }
  fieldset:disabled {
    opacity: 0.6;
  }
  .row {
    display: grid;
    grid-template-columns: subgrid;
    grid-column: 1 / -1;
    align-items: center;
    min-height: 2rem;
  }
  .label {
    color: var(--ink-soft);
    overflow-wrap: anywhere;
  }
  output {
    font: 500 0.875rem / 1.4 var(--mono);
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  input {
    margin: 0;
  }
  input[type="range"] {
    width: 100%;
    min-height: 1.75rem;
    cursor: pointer;
  }
  input[type="checkbox"] {
    justify-self: start;
    width: 1.15rem;
    height: 1.15rem;
    cursor: pointer;
  }
  select,
  input[type="text"] {
    width: 100%;
    min-height: 2rem;
    padding: 0 0.5rem;
    border: 1px solid var(--line-strong);
    border-radius: 6px;
    background: var(--surface);
    color: var(--ink);
    font: 0.875rem var(--sans);
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    grid-column: 2 / -1;
    gap: 0.3rem;
  }
  .choices label {
    position: relative;
    cursor: pointer;
  }
  /* The native radio stays, over its button, for the keyboard and for those who hear the page. */
  .choices input {
    position: absolute;
    inset: 0;
    opacity: 0;
    cursor: pointer;
  }
  .choices span {
    display: block;
    padding: 0.3rem 0.7rem;
    border: 1px solid var(--line-strong);
    border-radius: 6px;
    background: var(--surface);
    font-size: 0.875rem;
  }
  .choices input:checked + span {
    border-color: var(--accent);
    background: var(--accent-soft);
    box-shadow: inset 0 0 0 1px var(--accent);
  }
  .choices input:focus-visible + span {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .run {
    grid-column: 2;
    justify-self: start;
  }
  .outputs {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.4rem;
    padding-top: 0.6rem;
    transition: opacity 150ms 250ms;
  }
  .outputs:empty {
    padding: 0;
  }
  /* What stands there is of earlier values. */
  .outputs:is(.running, .waiting, .lost) {
    opacity: 0.55;
  }
  .waiting,
  .lost {
    margin: 0;
    font-size: 0.875rem;
  }
  p.waiting {
    color: var(--ink-soft);
  }
  .lost[role] {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.25rem 1rem;
    margin-top: 0.5rem;
    padding: 0.4rem 0.75rem;
    border-radius: 6px;
    background: var(--busy-soft);
  }
  @media (max-width: 40rem) {
    fieldset {
      grid-template-columns: minmax(0, 1fr) minmax(3.5rem, max-content);
    }
    .row {
      gap: 0 0.75rem;
    }
    .label {
      grid-column: 1 / -1;
    }
    .checkbox .label {
      grid-column: 1;
    }
    .choices,
    .dropdown select,
    .text input {
      grid-column: 1 / -1;
    }
    .run {
      grid-column: 1;
    }
  }
`;
