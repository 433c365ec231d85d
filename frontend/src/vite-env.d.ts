/// <reference types="vite/client" />

/** The version of Vedette that the pages are of. */
declare const __VERSION__: string;
