/**
 * Parts of the page that the first cell does without. Each is fetched when it is first wanted and, lest anybody wait
 * for it, once the kernel is ready; elements whose part has not come yet are filled in when it comes.
 */

/** Told when a part that was wanted cannot be fetched; `name` begins a sentence. */
export type MissingListener = (name: string, cause: unknown) => void;

let missing: MissingListener = () => {};

/** Sets who tells the reader of a part that cannot be fetched. */
export function whenMissing(listener: MissingListener): void {
  missing = listener;
}

/** A module and all that it alone imports. */
export class Part<Module> {
  /** The module, once it is here. */
  module: Module | null = null;
  /** Resolves when the module is here, whoever wanted it; stays pending until then. */
  readonly here: Promise<Module>;
  #arrive!: (module: Module) => void;
  #fetching: Promise<Module> | null = null;

  constructor(
    readonly name: string,
    private readonly fetch: () => Promise<Module>,
  ) {
    this.here = new Promise((resolve) => {
      this.#arrive = resolve;
    });
  }

  /** The module; `null` where it cannot be fetched, which the reader is told. */
  async load(): Promise<Module | null> {
    try {
      return await this.#get();
    } catch (cause) {
      missing(this.name, cause);
      return null;
    }
  }

  /** Fetches the module before it is wanted. What fails now is told when it is. */
  async prepare(): Promise<void> {
    await this.#get().catch(() => undefined);
  }

  #get(): Promise<Module> {
    this.#fetching ??= this.fetch().then(
      (module) => {
        this.module = module;
        this.#arrive(module);
        return module;
      },
      (cause: unknown) => {
        this.#fetching = null;
        throw cause;
      },
    );
    return this.#fetching;
  }
}

export const editorPart = new Part("The editor", () => import("./editor-view"));
export const richTextPart = new Part("The text renderer", () => import("./rich-text"));
export const viewsPart = new Part("The views of a computation", () => import("./computation-views"));
export const controlsPart = new Part("The view of controls", () => import("./control-panel"));
export const fileBrowserPart = new Part("The file browser", () => import("./file-browser"));
export const keyHelpPart = new Part("The list of keys", () => import("./key-help"));
export const labsPart = new Part("The labs", () => import("./labs"));
/** The Python that cells wait for which name it. */
export const pythonPart = new Part("A part of Python", () => import("./later-python"));

/** Fetches every part of the page, those first that are wanted first. */
export async function prepareParts(): Promise<void> {
  const parts = [editorPart, richTextPart, viewsPart, controlsPart, fileBrowserPart, keyHelpPart, labsPart];
  for (const part of parts) await part.prepare();
}
