import { css } from "lit";

export const graphStyles = css`
  figure {
    margin: 0;
    border-top: 1px solid var(--line);
    background: var(--surface);
  }
  figcaption {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.25rem 0.9rem;
    padding: 0.4rem 0.4rem 0.4rem 0.75rem;
    border-bottom: 1px solid var(--line);
    font-size: 0.8125rem;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    gap: 0.15rem;
    margin-left: auto;
  }
  .layer {
    display: inline-flex;
    align-items: center;
    gap: 0.35rem;
    color: var(--ink-soft);
  }
  .layer::before {
    content: "";
    width: 0.75rem;
    height: 0.75rem;
    border: 1px solid var(--stroke);
    border-radius: 3px;
    background: var(--fill);
  }
  .layer,
  .node {
    --fill: light-dark(hsl(var(--hue) 62% 88%), hsl(var(--hue) 32% 24%));
    --stroke: light-dark(hsl(var(--hue) 50% 38%), hsl(var(--hue) 52% 64%));
  }
  .canvas {
    max-height: 32rem;
    overflow: auto;
    padding: 0.5rem;
    cursor: grab;
    touch-action: pan-x pan-y;
  }
  .canvas.dragging {
    cursor: grabbing;
    user-select: none;
  }
  svg.graph {
    display: block;
    margin: 0 auto;
  }
  .edge {
    fill: none;
    stroke: var(--line-strong);
    stroke-width: 1;
    opacity: 0.65;
    vector-effect: non-scaling-stroke;
  }
  .edge.near {
    stroke: var(--accent);
    stroke-width: 2;
    opacity: 1;
  }
  .node {
    cursor: pointer;
    outline: none;
  }
  .node rect {
    fill: var(--fill);
    stroke: var(--stroke);
  }
  .node:is(.chosen, :focus-visible) rect {
    stroke: var(--accent);
    stroke-width: 3;
  }
  .node.aside {
    opacity: 0.25;
  }
  .node text {
    fill: var(--label, var(--ink));
    font-family: var(--sans);
    text-anchor: middle;
    pointer-events: none;
  }
  .about {
    min-height: 3.6rem;
    padding: 0.5rem 0.75rem;
    border-top: 1px solid var(--line);
    font-size: 0.8125rem;
    line-height: 1.45;
  }
  code {
    font: 0.8125rem var(--mono);
  }
  .about {
    overflow-wrap: anywhere;
  }
  .about .soft {
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
    max-height: 24rem;
    overflow: auto;
  }
  table {
    width: 100%;
    min-width: 40rem;
    overflow-wrap: normal;
    border-collapse: collapse;
  }
  th,
  td {
    padding: 0.3rem 0.75rem;
    border-top: 1px solid var(--line);
    text-align: left;
    vertical-align: top;
  }
  td.number {
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
`;
