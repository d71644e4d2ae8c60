declare module "@micropython/micropython-webassembly-pyscript/micropython.mjs" {
  export interface MicroPython {
    FS: { mkdirTree(path: string): void; writeFile(path: string, text: string): void };
    _module: { _mp_sched_keyboard_interrupt(): void };
    registerJsModule(name: string, module: object): void;
    pyimport(name: string): unknown;
    runPython(code: string): unknown;
  }
  export function loadMicroPython(options: {
    url?: string;
    /** Bytes of the first heap; more is added as needed. */
    heapsize?: number;
    /** Words of the stack that holds Python's frames. */
    pystack?: number;
    stdout?: (bytes: Uint8Array) => void;
    stderr?: (bytes: Uint8Array) => void;
    linebuffer?: boolean;
  }): Promise<MicroPython>;
}
