import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import type { Progress } from "../protocol";
import { base } from "../style/shared";
import { progressFacts, progressFraction } from "./progress-text";

/** How far a running computation or write has come, and how long it will take. */
@customElement("chunkbook-progress")
export class ProgressBar extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        padding: 0.6rem 0.75rem 0.7rem;
      }
      .text {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 1rem;
        margin-bottom: 0.4rem;
        font-size: 0.8125rem;
        line-height: 1.4;
      }
      .label {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .facts {
        color: var(--ink-soft);
        font-variant-numeric: tabular-nums;
      }
      .track {
        height: 6px;
        overflow: hidden;
        border-radius: 3px;
        background: var(--line);
      }
      .done {
        height: 100%;
        border-radius: 3px;
        background: var(--accent);
      }
      /* Nothing here moves by itself: frames drawn for it would be taken from the threads that compute. */
      .unknown {
        background: repeating-linear-gradient(135deg, var(--accent) 0 6px, var(--line) 6px 12px);
      }
    `,
  ];

  @property({ attribute: false }) progress: Progress | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const progress = this.progress;
    if (progress === null) return nothing;
    const fraction = progressFraction(progress);
    const facts = progressFacts(progress).join(" · ");
    return html`
      <div class="text"><span class="label">${progress.label}</span><span class="facts">${facts}</span></div>
      <div
        class="track"
        role="progressbar"
        aria-label=${progress.label}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${fraction === null ? nothing : Math.floor(fraction * 100)}
        aria-valuetext=${facts}
      >
        <div
          class=${fraction === null ? "done unknown" : "done"}
          style=${fraction === null ? nothing : styleMap({ width: `${fraction * 100}%` })}
        ></div>
      </div>
    `;
  }
}
