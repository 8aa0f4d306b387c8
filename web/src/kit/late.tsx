import { Component, lazy, type ComponentType, type LazyExoticComponent, type ReactNode } from "react";
import { Unreachable } from "./api";

/** A part of the app that is fetched when it is first shown. Where it does not come, showing it throws `Unreachable`, then and ever after: make it anew. */
export function late<P extends object>(fetch: () => Promise<{ default: ComponentType<P> }>): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => {
    try {
      return await fetch();
    } catch (cause) {
      throw new Unreachable({ cause });
    }
  });
}

interface BoundaryProps {
  /** What is shown belongs to this; something else is tried anew. */
  of: unknown;
  /** Shown instead of what could not be. */
  instead: (error: unknown) => ReactNode;
  children: ReactNode;
}

interface BoundaryState {
  failed: { error: unknown } | null;
}

/** Keeps a part that can't be shown (its code did not come, or has a fault) from taking the whole page with it, as React would have it. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { failed: null };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { failed: { error } };
  }

  override componentDidUpdate(before: BoundaryProps) {
    if (before.of !== this.props.of && this.state.failed !== null) {
      this.setState({ failed: null });
    }
  }

  override render() {
    const { failed } = this.state;
    return failed === null ? this.props.children : this.props.instead(failed.error);
  }
}
