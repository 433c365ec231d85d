import { Component, type ReactNode } from "react";

import { ErrorBox } from "../elements/ErrorBox";

/** Shows what broke a screen, to be read and copied, instead of nothing at all. */
export class Failed extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="page">
        <h1>This screen broke</h1>
        <p>It is a fault of the interface; what the server does goes on. Load the page again to go on.</p>
        <ErrorBox
          error={{ type: error.name, message: error.message, stack: (error.stack ?? "").split("\n").slice(1, 12) }}
        />
      </div>
    );
  }
}
