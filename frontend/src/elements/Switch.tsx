import { Switch as Primitive } from "@base-ui/react/switch";

import { Refused } from "./Refused";

interface SwitchProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  /** Why one may not move it: it then does not, and says so. */
  refused?: string | null;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, checked, disabled = false, refused, onChange }: SwitchProps) {
  const isRefused = Boolean(refused);
  const made = (
    <Primitive.Root
      className="switch"
      aria-label={label}
      aria-disabled={isRefused || undefined}
      checked={checked}
      disabled={disabled}
      readOnly={isRefused}
      onCheckedChange={(value) => onChange(value)}
    >
      <Primitive.Thumb className="switch-thumb" />
    </Primitive.Root>
  );
  return refused ? <Refused reason={refused}>{made}</Refused> : made;
}
