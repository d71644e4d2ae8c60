import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import type { Control, ControlValue } from "../protocol";
import { base, buttons } from "../style/shared";
import "./cell-output";
import { panelStyles } from "./control-panel.styles";
import type { Output, PanelOutput } from "./notebook";
import type { NotebookStore } from "./notebook-store";
import { readoutText } from "./readout";

/** Controls for the arguments of a function, and below them what its last call put out. */
@customElement("chunkbook-panel")
export class ControlPanelView extends LitElement {
  static override styles = [base, buttons, panelStyles];

  @property({ attribute: false }) store!: NotebookStore;
  @property({ attribute: false }) output!: PanelOutput;
  /** The cell whose output it is. */
  @property() cell = "";

  protected override render(): TemplateResult {
    const { panel, status, outputs } = this.output;
    const lost = status === "lost";
    return html`
      <fieldset ?disabled=${lost}>
        <legend class="visually-hidden">Controls</legend>
        ${panel.widgets.map((control) => this.#renderRow(control))}
        ${panel.manual === null ? nothing : this.#renderButton(panel.manual)}
      </fieldset>
      ${lost ? this.#renderLost() : nothing}
      <p class="waiting" role="status">${status === "waiting" ? "Waits for the running cell." : nothing}</p>
      <div
        class="outputs ${status}"
        role="group"
        aria-label="Output of the controls"
        aria-busy=${status === "running" || status === "waiting"}
      >
        ${repeat(
          outputs,
          (_output, index) => index,
          (output) => this.#renderOutput(output),
        )}
      </div>
    `;
  }

  #renderRow(control: Control): TemplateResult {
    const id = `control-${control.name}`;
    const readout = readoutText(control, this.#value(control));
    const shown = control.kind === "slider" || control.kind === "selection-slider";
    return html`<div class="row ${control.kind}">
      ${
        control.kind === "buttons"
          ? html`<span class="label" id=${id}>${control.label}</span>`
          : html`<label class="label" for=${id}>${control.label}</label>`
      }
      ${this.#renderControl(control, id, readout)}
      ${shown ? html`<output for=${id}>${readout}</output>` : nothing}
    </div>`;
  }

  #renderControl(control: Control, id: string, readout: string): TemplateResult {
    const value = this.#value(control);
    const { disabled, options = [] } = control;
    switch (control.kind) {
      case "slider":
      case "selection-slider": {
        const [low, high, step] =
          control.kind === "slider" ? [control.min, control.max, control.step] : [0, options.length - 1, 1];
        return html`<input
          type="range"
          id=${id}
          min=${low ?? 0}
          max=${high ?? 100}
          step=${step || "any"}
          .value=${live(String(value))}
          aria-valuetext=${readout || String(value)}
          ?disabled=${disabled}
          @input=${(event: Event) => this.#move(control, numberOf(event), false)}
          @change=${(event: Event) => this.#move(control, numberOf(event), true)}
        />`;
      }
      case "dropdown":
        return html`<select
          id=${id}
          ?disabled=${disabled}
          @change=${(event: Event) => this.#move(control, numberOf(event), true)}
        >
          ${options.map((option, index) => html`<option value=${index} .selected=${live(index === value)}>${option}</option>`)}
        </select>`;
      case "buttons":
        return html`<div class="choices" role="radiogroup" aria-labelledby=${id}>
          ${options.map(
            (option, index) => html`<label>
              <input
                type="radio"
                name=${control.name}
                value=${index}
                .checked=${live(index === value)}
                ?disabled=${disabled}
                @change=${() => this.#move(control, index, true)}
              /><span>${option}</span>
            </label>`,
          )}
        </div>`;
      case "checkbox":
        return html`<input
          type="checkbox"
          id=${id}
          .checked=${live(value === true)}
          ?disabled=${disabled}
          @change=${(event: Event) => this.#move(control, inputOf(event).checked, true)}
        />`;
      case "text":
        return html`<input
          type="text"
          id=${id}
          spellcheck="false"
          .value=${live(String(value))}
          ?disabled=${disabled}
          @input=${(event: Event) => this.#move(control, inputOf(event).value, false)}
          @change=${(event: Event) => this.#move(control, inputOf(event).value, true)}
        />`;
    }
  }

  #renderButton(text: string): TemplateResult {
    return html`<div class="row"><button
      class="run"
      @click=${() => void this.store.panels.call(this.cell, this.output.panel.number)}
    >${text}</button></div>`;
  }

  #renderLost(): TemplateResult {
    return html`<p class="lost" role="alert">
      <span>The kernel was restarted since, and does not know these controls: run the cell again.</span>
      <button class="small" @click=${() => void this.store.run(this.cell)}>Run the cell again</button>
    </p>`;
  }

  #renderOutput(output: Output): TemplateResult {
    return output.type === "panel"
      ? html`<chunkbook-panel .store=${this.store} .output=${output} .cell=${this.cell}></chunkbook-panel>`
      : html`<chunkbook-output .output=${output} .store=${this.store}></chunkbook-output>`;
  }

  #value(control: Control): ControlValue {
    return this.output.values[control.name] ?? control.value;
  }

  #move(control: Control, value: ControlValue, settled: boolean): void {
    this.store.panels.move(this.cell, this.output.panel.number, control.name, value, settled);
  }
}

function inputOf(event: Event): HTMLInputElement {
  return event.currentTarget as HTMLInputElement;
}

function numberOf(event: Event): number {
  return Number(inputOf(event).value);
}
