import { Toast } from "@base-ui/react/toast";

import { IconButton } from "./Button";
import { CopyButton } from "./CopyButton";
import { toasts } from "./toasts";

function List() {
  const { toasts: shown } = Toast.useToastManager();
  return shown.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <div>
        <Toast.Title />
        <Toast.Description className="soft" />
      </div>
      {typeof toast.description === "string" && <CopyButton text={toast.description} />}
      <Toast.Close render={<IconButton small icon="close" label="Dismiss" />} />
    </Toast.Root>
  ));
}

/** Where what was done is said. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={toasts} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}
