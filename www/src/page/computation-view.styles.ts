import { css } from "lit";

/** What the views of a computation have in common: bars of buttons, legends, what is told of the chosen, tables. */
export const viewStyles = css`
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.35rem 0.9rem;
    padding: 0.5rem 0.75rem;
    font-size: 0.8125rem;
  }
  .bar .end {
    display: flex;
    gap: 0.15rem;
    margin-left: auto;
  }
  label {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
  }
  select,
  input[type="search"] {
    min-height: 1.75rem;
    padding: 0 0.4rem;
    border: 1px solid var(--line-strong);
    border-radius: 6px;
    background: var(--surface);
    color: var(--ink);
    font: 0.8125rem var(--sans);
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0.2rem 0.9rem;
    color: var(--ink-soft);
  }
  .legend span {
    display: inline-flex;
    align-items: center;
    gap: 0.35rem;
  }
  .legend i {
    width: 0.75rem;
    height: 0.75rem;
    border: 1px solid var(--line-strong);
    border-radius: 3px;
    background: var(--swatch);
  }
  .legend i.hatched {
    background: repeating-linear-gradient(135deg, var(--ink-soft) 0 1px, var(--sunken) 1px 3px);
  }
  .legend i.ramp {
    width: 6rem;
  }
  canvas {
    display: block;
    width: 100%;
    touch-action: pan-y;
  }
  .stage {
    position: relative;
    margin: 0 0.75rem;
    border-radius: 4px;
  }
  .about {
    min-height: 2.6rem;
    padding: 0.5rem 0.75rem;
    font-size: 0.8125rem;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .about code {
    font: 0.8125rem var(--mono);
  }
  .soft {
    color: var(--ink-soft);
  }
  details {
    border-top: 1px solid var(--line);
    font-size: 0.8125rem;
  }
  summary {
    padding: 0.5rem 0.75rem;
    cursor: pointer;
  }
  .table {
    max-height: 20rem;
    overflow: auto;
  }
  table {
    width: 100%;
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    padding: 0.25rem 0.75rem;
    border-top: 1px solid var(--line);
    text-align: left;
    white-space: nowrap;
  }
`;
