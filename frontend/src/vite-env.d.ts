/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Origin of the API where the interface is hosted apart from it, such as https://vedette.example. */
  readonly VITE_VEDETTE_URL?: string;
}
