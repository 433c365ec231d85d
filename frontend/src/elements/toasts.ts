import { Toast } from "@base-ui/react/toast";

export const toasts = Toast.createToastManager();

/** Say that something was done. */
export function say(title: string) {
  toasts.add({ title, timeout: 4_000 });
}

/** Say that something was not done, and why; it stays long enough to be read and copied. */
export function complain(title: string, description: string) {
  toasts.add({ title, description, type: "error", timeout: 20_000, priority: "high" });
}
